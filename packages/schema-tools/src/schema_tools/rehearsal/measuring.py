"""What one statement does to the tables of a PostgreSQL database: locks, rewrites, scans, and how long it takes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import sub
from time import perf_counter
from traceback import walk_stack
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, event

from schema_tools.rehearsal.locks import MODES, LockWatch, driver_of, held_locks
from schema_tools.rehearsal.stores import BOOKKEEPING

# Tables and their indexes; a relfilenode that changes is a file that was written anew.
# https://www.postgresql.org/docs/current/catalog-pg-class.html
_RELATIONS: Final = """
SELECT c.oid, c.relkind, c.relfilenode, i.indrelid,
       CASE WHEN n.nspname = current_schema() THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""

# The functions with `xact` tell of this transaction: https://www.postgresql.org/docs/current/monitoring-stats.html
_COUNTS: Final = """
SELECT oid, pg_stat_get_{xact}tuples_returned(oid), pg_stat_get_{xact}tuples_fetched(oid),
       pg_stat_get_{xact}tuples_inserted(oid) + pg_stat_get_{xact}tuples_updated(oid)
       + pg_stat_get_{xact}tuples_deleted(oid)
FROM unnest(%s::oid[]) AS oid
"""


class Counts(NamedTuple):
    """How many rows of a table a statement scanned, fetched by an index, and wrote."""

    scanned: int = 0
    fetched: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a statement did to the tables that existed before its revision.

    Attributes:
        transactional: Whether it ran in a transaction; False in an autocommit block.
        locks: The strongest lock on each table, by pg_locks.mode.
        indexes: The indexes that were built or rebuilt.
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
    """The database before a statement; on SQLite only when the statement began."""

    line: int
    transactional: bool = True
    relations: Mapping[int, _Relation] = field(default_factory=dict)
    locks: set[tuple[int, str]] = field(default_factory=set)
    counts: Mapping[int, Counts] = field(default_factory=dict)
    watch: LockWatch | None = None
    began: float = field(default_factory=perf_counter)


@contextmanager
def measured(connection: Connection, revision: str) -> Iterator[list[Measurement]]:
    """Inside, measure every statement that the revision executes on `connection`.

    Each is committed after its measurement, so that the locks of the next are its own.

    Args:
        connection: The connection of the migration, outside a transaction.
        revision: The file of the revision, as its code objects name it; statements of other code are not measured.
    """
    found: list[Measurement] = []
    states: list[_State | None] = []
    on_postgresql = connection.dialect.name == "postgresql"
    known = set(_relations(driver_of(connection))) if on_postgresql else set()
    driver_of(connection).commit()

    def before(conn: Connection, _cursor: Any, _statement: str, *_rest: Any) -> None:
        here = (line for frame, line in walk_stack(None) if frame.f_code.co_filename == revision)
        line = next(here, None)
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
            driver_of(conn).commit()

    def failed(_context: Any) -> None:
        state = states.pop() if states else None
        if state is not None and state.watch is not None:
            state.watch.end()

    listeners: tuple[tuple[Any, str, Callable[..., None]], ...] = (
        (connection, "before_cursor_execute", before),
        (connection, "after_cursor_execute", after),
        (connection.engine, "handle_error", failed),
    )
    for listener in listeners:
        event.listen(*listener)
    try:
        yield found
    finally:
        for listener in listeners:
            event.remove(*listener)


def _state(connection: Connection, line: int, known: set[int]) -> _State:
    driver = driver_of(connection)
    transactional = not driver.autocommit
    relations = _relations(driver)
    lockable = [oid for oid, one in relations.items() if oid in known and one.kind in "rp"]
    return _State(
        line=line,
        transactional=transactional,
        relations=relations,
        locks=held_locks(driver) if transactional else set(),
        counts=_counts(driver, relations, transactional=transactional),
        watch=None if transactional else LockWatch(connection.engine, driver.info.backend_pid, lockable),
    )


def _effect(connection: Connection, statement: str, state: _State, known: set[int]) -> Effect:
    driver = driver_of(connection)
    held = state.watch.end() if state.watch else held_locks(driver) - state.locks
    relations = _relations(driver)
    counts = _counts(driver, relations, transactional=state.transactional)
    tables = {oid: one for oid, one in state.relations.items() if oid in known and one.kind not in "iI"}
    strength = list(MODES).index
    locks = {tables[oid].name: mode for oid, mode in sorted(held, key=lambda one: strength(one[1])) if oid in tables}
    anew = tuple(
        sorted(one.name for oid, one in tables.items() if oid in relations and relations[oid].file != one.file)
    )
    files = {one.file for one in state.relations.values()}
    # An index that is made anew may take over the file of the one before: then nothing was built.
    built = (one.name for one in relations.values() if one.table in tables and one.file not in files)
    is_truncate = statement.lstrip().upper().startswith("TRUNCATE")
    return Effect(
        transactional=state.transactional,
        locks=dict(sorted(locks.items())),
        rewritten=() if is_truncate else anew,
        emptied=anew if is_truncate else (),
        dropped=tuple(sorted(one.name for oid, one in tables.items() if oid not in relations)),
        indexes=tuple(sorted(built)),
        counts={
            tables[oid].name: delta
            for oid, now in counts.items()
            if oid in tables and any(delta := Counts(*map(sub, now, state.counts[oid])))
        },
    )


def _relations(driver: Any) -> dict[int, _Relation]:
    rows = driver.execute(_RELATIONS).fetchall()
    return {row[0]: _Relation(*row[1:]) for row in rows if row[4] not in BOOKKEEPING}


def _counts(driver: Any, relations: Mapping[int, _Relation], *, transactional: bool) -> dict[int, Counts]:
    if not transactional:
        # What this session has counted is told to the others at the end of this statement, not after a second.
        driver.execute("SELECT pg_stat_force_next_flush()")
    tables = [oid for oid, one in relations.items() if one.kind not in "iI"]
    query = _COUNTS.format(xact="xact_" if transactional else "")
    return {row[0]: Counts(*row[1:]) for row in driver.execute(query, (tables,)).fetchall()}
