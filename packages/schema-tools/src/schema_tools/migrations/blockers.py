"""The sessions that a migration waits for, observed while it waits, because the server does not report them later."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from schema_tools.errors import SchemaToolsError

_KEY: Final = "schema_tools.waits"
_LOST: Final = "schema_tools.guard_lost"
_QUICKEST_SECONDS: Final = 0.02

# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SESSION
_WAITS: Final = text("""
    SELECT DISTINCT ON (activity.pid)
      activity.pid, coalesce(activity.application_name, ''), coalesce(activity.state, ''), activity.xact_start,
      coalesce(waiting.relation::regclass::text, '')
    FROM pg_locks AS waiting
    CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocking (pid)
    JOIN pg_stat_activity AS activity ON activity.pid = blocking.pid
    WHERE waiting.pid = :pid AND NOT waiting.granted
    ORDER BY activity.pid
""")


# https://www.postgresql.org/docs/current/view-pg-locks.html: the key of an advisory lock is in two columns.
_MIGRATOR: Final = text("""
    SELECT holder.pid, coalesce(activity.application_name, ''), 'connected', activity.backend_start, ''
    FROM pg_locks AS holder LEFT JOIN pg_stat_activity AS activity USING (pid)
    WHERE holder.locktype = 'advisory' AND holder.granted AND holder.objsubid = 1
      AND ((holder.classid::bigint << 32) | holder.objid::bigint) = :key
      AND holder.database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")


class Blocker(NamedTuple):
    """A session that held what a migration waited for.

    `state` (such as `idle in transaction`) is empty and `since`, the beginning of its transaction or of what else
    `state` says, is None where the role may not see them; `relation` is the table or index, empty when it was something
    else.
    """

    pid: int
    application: str
    state: str
    since: datetime | None
    relation: str

    def __str__(self) -> str:
        since = f"since {self.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        known = ", ".join(part for part in (self.application, f"{self.state} {since}".strip()) if part)
        return f"process {self.pid}" + (f" ({known})" if known else "")


def migrator_at_work(connection: Connection, key: int) -> Blocker | None:
    """The session that holds the advisory lock `key` of this database; None when there is none any more."""
    found = connection.execute(_MIGRATOR, {"key": key}).first()
    return Blocker(*found) if found is not None else None


@contextmanager
def waits_watched(guard: Connection, connection: Connection, *, every_seconds: float) -> Iterator[None]:
    """Inside, poll for the sessions that `connection` waits for.

    Args:
        guard: Another connection to the same server, with autocommit, that nothing else uses meanwhile.
        connection: The one that may have to wait.
        every_seconds: How often to look; less than its lock timeout.
    """
    pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    connection.rollback()
    connection.info[_KEY] = seen = list[Blocker]()
    ended = Event()

    def look() -> None:
        while not ended.wait(max(_QUICKEST_SECONDS, every_seconds)):
            try:
                found = [Blocker(*row) for row in guard.execute(_WAITS, {"pid": pid})]
            except DBAPIError:
                connection.info[_LOST] = True
                return
            if found:
                seen[:] = found

    watcher = Thread(target=look, name="waits of a migration", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def refuse_without_guard(info: Mapping[Any, Any]) -> None:
    """Check that the lock against other migrators is still held; `info` is that of the connection that migrates.

    Raises:
        SchemaToolsError: The connection that held it was lost, so another migrator may be running.
    """
    if info.get(_LOST):
        raise SchemaToolsError(
            "the connection that kept other migrators waiting was lost, so this one stopped before its next revision;"
            " run this again"
        )


def last_blockers(connection: Connection) -> list[Blocker]:
    """The sessions that `connection` last waited for; none when they were not seen."""
    return list(connection.info.get(_KEY, ()))
