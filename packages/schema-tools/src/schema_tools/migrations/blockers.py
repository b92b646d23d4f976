"""Who holds what a migration waits for: seen while it waits, because afterwards the server does not say."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from schema_tools.errors import SchemaToolsError

_KEY: Final = "schema_tools.waits"
_LOST: Final = "schema_tools.guard_lost"
_QUICKEST_SECONDS: Final = 0.02

# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SESSION
_WAITS: Final = text("""
    SELECT DISTINCT ON (activity.pid)
      activity.pid, activity.application_name AS application, activity.state, activity.xact_start AS since,
      waiting.relation::regclass::text AS relation
    FROM pg_locks AS waiting
    CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocking (pid)
    JOIN pg_stat_activity AS activity ON activity.pid = blocking.pid
    WHERE waiting.pid = :pid AND NOT waiting.granted
    ORDER BY activity.pid
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """A session that had what a migration waited for.

    `state` (such as `idle in transaction`) is empty and `since`, the beginning of its transaction in UTC, is None where
    the role may not see them; `relation` is the table or index, empty when it was something else.
    """

    pid: int
    application: str
    state: str
    since: datetime | None
    relation: str

    def __str__(self) -> str:
        since = f"since {self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        known = ", ".join(part for part in (self.application, f"{self.state} {since}".strip()) if part)
        return f"process {self.pid}" + (f" ({known})" if known else "")


@contextmanager
def waits_watched(guard: Connection, connection: Connection, *, every_seconds: float) -> Iterator[None]:
    """Meanwhile, look again and again for whom `connection` waits.

    Args:
        guard: Another connection of the same server, with autocommit, that nothing else uses meanwhile.
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
                found = [_blocker(**row._mapping) for row in guard.execute(_WAITS, {"pid": pid})]  # noqa: SLF001
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
    """See that the lock against other migrators is still held, before a revision of the connection of this `info`.

    Raises:
        SchemaToolsError: The connection that held it is gone, so another migrator may be at work by now.
    """
    if info.get(_LOST):
        raise SchemaToolsError(
            "the connection that kept other migrators waiting was lost, so this one stopped before its next revision;"
            " run this again"
        )


def last_blockers(connection: Connection) -> list[Blocker]:
    """Whom `connection` waited for the last time that it did; none when it was not seen."""
    found: list[Blocker] = list(connection.info.get(_KEY, ()))
    return found


def _blocker(
    pid: int, application: str | None, state: str | None, since: datetime | None, relation: str | None
) -> Blocker:
    return Blocker(
        pid=pid,
        application=application or "",
        state=state or "",
        since=since.astimezone(UTC) if since else None,
        relation=relation or "",
    )
