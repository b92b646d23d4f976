"""The locks of PostgreSQL on tables: what each mode blocks, and which ones a session holds."""

import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:  # the command line has the modes in its reports, and starts faster without SQLAlchemy
    from sqlalchemy import Connection, Engine

_LOCKS: Final = "SELECT relation, mode, granted FROM pg_locks WHERE pid = %s AND locktype IN ('relation', 'virtualxid')"

_PAUSE_SECONDS: Final = 0.001


class LockMode(NamedTuple):
    """A mode of lock on a table, and what it keeps other sessions from doing.

    Source: https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES.
    """

    name: str
    blocks: str


_ONLY_CHANGES: Final = "blocks nothing but changes of the schema"
# By pg_locks.mode, the weakest first.
MODES: Final = {
    "AccessShareLock": LockMode("ACCESS SHARE", _ONLY_CHANGES),
    "RowShareLock": LockMode("ROW SHARE", _ONLY_CHANGES),
    "RowExclusiveLock": LockMode("ROW EXCLUSIVE", "blocks neither reads nor writes, but index builds and changes"),
    "ShareUpdateExclusiveLock": LockMode(
        "SHARE UPDATE EXCLUSIVE", "blocks neither reads nor writes, but VACUUM and other changes of the schema"
    ),
    "ShareLock": LockMode("SHARE", "blocks writes"),
    "ShareRowExclusiveLock": LockMode("SHARE ROW EXCLUSIVE", "blocks writes"),
    "ExclusiveLock": LockMode("EXCLUSIVE", "blocks writes"),
    "AccessExclusiveLock": LockMode("ACCESS EXCLUSIVE", "blocks reads and writes"),
}


def driver_of(connection: "Connection") -> Any:
    """The driver's own connection: what it executes is not measured."""
    return connection.connection.driver_connection


def held_locks(driver: Any) -> set[tuple[int, str]]:
    """The tables and modes of the locks that a session holds."""
    rows = driver.execute(_LOCKS, (driver.info.backend_pid,)).fetchall()
    return {(relation, mode) for relation, mode, _ in rows if relation is not None}


class LockWatch:
    """Watches, from another connection, which locks a statement outside a transaction takes.

    Its locks are gone when it is done. So every table is locked in ROW EXCLUSIVE mode, as writers do. Such a statement
    waits for those locks sooner or later, and while it waits its own can be seen. Then it may go on.
    """

    def __init__(self, engine: "Engine", pid: int, tables: list[int]) -> None:
        self._seen: set[tuple[int, str]] = set()
        self._done = threading.Event()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(engine, pid, tables, ready), daemon=True)
        self._thread.start()
        ready.wait()

    def end(self) -> set[tuple[int, str]]:
        """The locks that were seen until the statement was done."""
        self._done.set()
        self._thread.join()
        return self._seen

    def _watch(self, engine: "Engine", pid: int, tables: list[int], ready: threading.Event) -> None:
        try:
            with engine.connect() as holder:
                driver = driver_of(holder)
                names = driver.execute(
                    "SELECT string_agg(oid::regclass::text, ', ') FROM unnest(%s::oid[]) AS oid", (tables,)
                )
                if listed := names.fetchone()[0]:
                    driver.execute(f"LOCK TABLE {listed} IN ROW EXCLUSIVE MODE")
                ready.set()
                waiting = False
                while not (waiting or self._done.wait(_PAUSE_SECONDS)):
                    locks = driver.execute(_LOCKS, (pid,)).fetchall()
                    self._seen |= {(relation, mode) for relation, mode, _ in locks if relation is not None}
                    waiting = any(not granted for *_, granted in locks)
        finally:
            ready.set()
