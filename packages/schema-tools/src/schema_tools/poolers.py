"""Noticing a pooler, such as pgbouncer, between here and a PostgreSQL server."""

from typing import Any, Final

from schema_tools.errors import SchemaToolsError

A_POOLER: Final = (
    "a pooler answers there, which lends a session to other programs between two transactions, so that no lock and no"
    " setting would last; name the server itself, in MIGRATION_DATABASE_URL or where this URL is from"
)
"""What is wrong with the URL of a pooler, and what to give instead."""

# What pgbouncer says when a client sends `options`, unless it is told to pass over them.
_REFUSED_OPTIONS: Final = "unsupported startup parameter"


def is_refusal_of_pooler(message: str) -> bool:
    """Whether this is how a pooler refuses a connection that states what its session needs."""
    return _REFUSED_OPTIONS in message


def refuse_pooler(driver_connection: Any, place: str) -> None:
    """Close the connection of psycopg to the database at `place`, if it is not to the server itself.

    The server tells each session, when it begins, the process that serves it, for cancelling (PostgreSQL manual,
    55.2.1). A pooler begins its own sessions with the server, and tells its clients numbers that it makes up: a client
    that cancels must reach the pooler, which knows who has which session. So the number is another one than the
    session's own, in each mode of pooling, even if there is one session only. What merely passes bytes on, such as a
    proxy of TCP or a tunnel, changes addresses and ports but not this number.

    Raises:
        SchemaToolsError: It is to a pooler.
    """
    process = driver_connection.execute("SELECT pg_backend_pid()").fetchone()[0]
    driver_connection.rollback()
    if process != driver_connection.info.backend_pid:
        driver_connection.close()
        raise SchemaToolsError(f"cannot work on {place}: {A_POOLER}")
