"""What one statement does to the tables of a PostgreSQL database: locks, rewrites, scans, and how long it takes."""

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, event, text

from schema_tools.rehearsal.locks import stronger
from schema_tools.rehearsal.stores import BOOKKEEPING

if TYPE_CHECKING:
    from types import FrameType

# Tables and their indexes; a relfilenode that changes is a file that was written anew.
# https://www.postgresql.org/docs/current/catalog-pg-class.html
_RELATIONS: Final = """
SELECT c.oid, c.relkind, c.relfilenode, i.indrelid,
       CASE WHEN n.nspname = current_schema() THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""

_LOCKS: Final = "SELECT relation, mode, granted FROM pg_locks WHERE pid = %s AND locktype IN ('relation', 'virtualxid')"

# The functions with `xact` tell of this transaction: https://www.postgresql.org/docs/current/monitoring-stats.html
_COUNTS: Final = """
SELECT oid, pg_stat_get_{xact}tuples_returned(oid), pg_stat_get_{xact}tuples_fetched(oid),
       pg_stat_get_{xact}tuples_inserted(oid) + pg_stat_get_{xact}tuples_updated(oid)
       + pg_stat_get_{xact}tuples_deleted(oid)
FROM unnest(%s::oid[]) AS oid
"""

_PAUSE_SECONDS: Final = 0.001


class Counts(NamedTuple):
    """How many rows of a table a statement dealt with: read one after the other, found by an index, written."""

    scanned: int = 0
    fetched: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a statement did to the tables that were there before its revision.

    Attributes:
        transactional: Whether it ran in a transaction; False in an autocommit block.
        locks: The strongest lock on each table, by pg_locks.mode.
        indexes: The indexes that were built, or built anew.
    """

    transactional: bool
    locks: Mapping[str, str]
    rewritten: tuple[str, ...]
    emptied: tuple[str, ...]
    dropped: tuple[str, ...]
    indexes: tuple[str, ...]
    counts: Mapping[str, Counts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A statement that was measured.

    Attributes:
        effect: What it did; None on SQLite, whose locks are on the whole database.
    """

    line: int
    statement: str
    seconds: float
    effect: Effect | None


class _Relation(NamedTuple):
    kind: str
    file: int
    table: int | None
    name: str


@dataclass
class _State:
    """The database before a statement."""

    line: int
    transactional: bool = True
    relations: Mapping[int, _Relation] = field(default_factory=dict)
    locks: set[tuple[int, str]] = field(default_factory=set)
    counts: Mapping[int, Counts] = field(default_factory=dict)
    watch: "_Watch | None" = None
    began: float = field(default_factory=perf_counter)


@contextmanager
def measured(connection: Connection, revision: str) -> Iterator[list[Measurement]]:
    """Measure every statement that the revision executes on `connection` meanwhile.

    Each is committed when it has been measured, so that the next one's locks are its own.

    Args:
        connection: The connection of the migration, outside a transaction.
        revision: The file of the revision, as its code objects name it: what other code executes is let through.
    """
    found: list[Measurement] = []
    states: list[_State | None] = []
    on_postgresql = connection.dialect.name == "postgresql"
    known = set(_relations(_driver(connection))) if on_postgresql else set()
    _driver(connection).commit()

    def before(conn: Connection, _cursor: Any, _statement: str, *_rest: Any) -> None:
        line = _line_in(revision)
        states.append(None if line is None else _state(conn, line, known) if on_postgresql else _State(line=line))

    def after(conn: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        state = states.pop()
        if state is None:
            return
        seconds = perf_counter() - state.began
        effect = _effect(conn, statement, state, known) if on_postgresql else None
        # Where the driver has parameters in this style, a percent sign was written twice for it.
        doubled = conn.dialect.paramstyle in {"format", "pyformat"}
        written = statement.replace("%%", "%") if doubled else statement
        found.append(Measurement(line=state.line, statement=written, seconds=seconds, effect=effect))
        if effect is not None and effect.transactional and not conn.in_nested_transaction():
            _driver(conn).commit()

    def failed(_context: Any) -> None:
        state = states.pop() if states else None
        if state is not None and state.watch is not None:
            state.watch.end()

    event.listen(connection, "before_cursor_execute", before)
    event.listen(connection, "after_cursor_execute", after)
    event.listen(connection.engine, "handle_error", failed)
    try:
        yield found
    finally:
        event.remove(connection, "before_cursor_execute", before)
        event.remove(connection, "after_cursor_execute", after)
        event.remove(connection.engine, "handle_error", failed)


def _line_in(revision: str) -> int | None:
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 -- the stack is what is wanted
    while frame is not None:
        if frame.f_code.co_filename == revision:
            return frame.f_lineno
        frame = frame.f_back
    return None


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _state(connection: Connection, line: int, known: set[int]) -> _State:
    driver = _driver(connection)
    transactional = not driver.autocommit
    relations = _relations(driver)
    lockable = [oid for oid, one in relations.items() if oid in known and one.kind in "rp"]
    return _State(
        line=line,
        transactional=transactional,
        relations=relations,
        locks=_held(driver) if transactional else set(),
        counts=_counts(driver, relations, transactional=transactional),
        watch=None if transactional else _Watch(connection.engine, driver.info.backend_pid, lockable),
    )


def _effect(connection: Connection, statement: str, state: _State, known: set[int]) -> Effect:
    driver = _driver(connection)
    held = state.watch.end() if state.watch else _held(driver) - state.locks
    relations = _relations(driver)
    counts = _counts(driver, relations, transactional=state.transactional)
    old = {oid: one for oid, one in state.relations.items() if oid in known}
    tables = {oid: one for oid, one in old.items() if one.kind not in "iI"}
    locks: dict[str, str] = {}
    for oid, mode in held:
        if oid in tables:
            name = tables[oid].name
            locks[name] = stronger(mode, locks.get(name, mode))
    anew = [one.name for oid, one in tables.items() if oid in relations and relations[oid].file != one.file]
    files = {one.file for one in state.relations.values()}
    is_truncate = statement.lstrip().upper().startswith("TRUNCATE")
    return Effect(
        transactional=state.transactional,
        locks=dict(sorted(locks.items())),
        rewritten=() if is_truncate else tuple(sorted(anew)),
        emptied=tuple(sorted(anew)) if is_truncate else (),
        dropped=tuple(sorted(one.name for oid, one in tables.items() if oid not in relations)),
        indexes=tuple(
            sorted(
                one.name
                for one in relations.values()
                # One that is made anew may take over the file of the one before: then nothing was built.
                if one.table in tables and one.file not in files
            )
        ),
        counts={
            tables[oid].name: delta
            for oid, now in counts.items()
            if oid in tables and any(delta := Counts(*(b - a for a, b in zip(state.counts[oid], now, strict=True))))
        },
    )


def _relations(driver: Any) -> dict[int, _Relation]:
    rows = driver.execute(_RELATIONS).fetchall()
    return {row[0]: _Relation(*row[1:]) for row in rows if row[4] not in BOOKKEEPING}


def _held(driver: Any) -> set[tuple[int, str]]:
    rows = driver.execute(_LOCKS, (driver.info.backend_pid,)).fetchall()
    return {(relation, mode) for relation, mode, _ in rows if relation is not None}


def _counts(driver: Any, relations: Mapping[int, _Relation], *, transactional: bool) -> dict[int, Counts]:
    if not transactional:
        # What this session has counted is told to the others at the end of this statement, not after a second.
        driver.execute("SELECT pg_stat_force_next_flush()")
    tables = [oid for oid, one in relations.items() if one.kind not in "iI"]
    query = _COUNTS.format(xact="xact_" if transactional else "")
    return {row[0]: Counts(*row[1:]) for row in driver.execute(query, (tables,)).fetchall()}


class _Watch:
    """Watches, from another connection, which locks a statement outside a transaction takes.

    Its locks are gone when it is done. So a lock that writers take, ROW EXCLUSIVE, is held on every table meanwhile,
    for which such a statement waits sooner or later, and while it waits its locks can be seen. Then it may go on.
    """

    def __init__(self, engine: Engine, pid: int, tables: list[int]) -> None:
        self._seen: set[tuple[int, str]] = set()
        self._done = threading.Event()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(engine, pid, tables, ready), daemon=True)
        self._thread.start()
        ready.wait()

    def end(self) -> set[tuple[int, str]]:
        """What was seen, once the statement is done."""
        self._done.set()
        self._thread.join()
        return self._seen

    def _watch(self, engine: Engine, pid: int, tables: list[int], ready: threading.Event) -> None:
        try:
            with engine.connect() as holder:
                names = [
                    holder.execute(text("SELECT CAST(CAST(:oid AS regclass) AS text)"), {"oid": oid}).scalar_one()
                    for oid in tables
                ]
                if names:
                    holder.execute(text(f"LOCK TABLE {', '.join(names)} IN ROW EXCLUSIVE MODE"))
                ready.set()
                waiting = False
                driver = _driver(holder)
                while not (waiting or self._done.wait(_PAUSE_SECONDS)):
                    locks = driver.execute(_LOCKS, (pid,)).fetchall()
                    self._seen |= {(relation, mode) for relation, mode, _ in locks if relation is not None}
                    waiting = any(not granted for *_, granted in locks)
        finally:
            ready.set()
