"""Queries that no index serves: what PostgreSQL plans for them when it would rather not read whole tables.

Statements are captured while a program runs and explained afterwards, which executes nothing. Sequential scans are
made costly first (https://www.postgresql.org/docs/current/runtime-config-query.html#GUC-ENABLE-SEQSCAN): one that
remains in the plan cannot be avoided with the indexes that there are, however few rows the table has today. A walk
along a whole index that ends in a sort, or that throws rows away, is the same in disguise and is named, too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, event, text

from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding

_EXPLAINABLE: Final = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES)\b", re.IGNORECASE)
_LABEL_LENGTH: Final = 160

# Nodes that hand a row on before they have read all of them; a LIMIT above stops what is below.
# https://www.postgresql.org/docs/current/using-explain.html
_STREAMING: Final = frozenset({
    "Append", "Gather", "Gather Merge", "Hash Join", "Incremental Sort", "LockRows", "Memoize", "Merge Append",
    "Merge Join", "Nested Loop", "Result", "Subquery Scan", "Unique",
})  # fmt: skip

_WHY: Final = "the work grows with the table: every row is read each time, even where few of them are wanted"

_Plan = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CapturedStatement:
    """A statement as the driver was given it; `parameters` are the first of several executions at once."""

    sql: str
    parameters: Any

    @property
    def label(self) -> str:
        """The statement for people: in one line, without the list of what it selects, cut where it is long."""
        line = re.sub(r"^(SELECT) .*? (FROM )", r"\1 ... \2", " ".join(self.sql.split()), flags=re.IGNORECASE)
        return line if len(line) <= _LABEL_LENGTH else f"{line[: _LABEL_LENGTH - 3]}..."


@contextmanager
def captured_statements() -> Iterator[list[CapturedStatement]]:
    """Every statement, with its parameters, that SQLAlchemy sends meanwhile, on every engine of this process."""
    captured: list[CapturedStatement] = []

    def capture(_connection: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, executemany: bool) -> None:  # noqa: FBT001 -- SQLAlchemy's signature
        # An INSERT of several rows at once counts as many executions, but has one set of parameters.
        several = executemany and isinstance(parameters, list)
        captured.append(CapturedStatement(sql, parameters[0] if several else parameters))

    event.listen(Engine, "before_cursor_execute", capture)
    try:
        yield captured
    finally:
        event.remove(Engine, "before_cursor_execute", capture)


def sequential_scans(connection: Connection, statements: Iterable[CapturedStatement]) -> list[Finding]:
    """Name each of `statements` that has to read a whole table, with the columns that need an index.

    A filter counts as served when some index can find its rows, and an order when an index yields it; a list
    without a filter that stops at a LIMIT reads no more than it shows. Catalog tables are left out.

    Args:
        connection: To a PostgreSQL database with the tables and indexes that are judged, analysed. Nothing is changed
            there.
        statements: What was captured with the same driver.

    Raises:
        SchemaToolsError: It is not a PostgreSQL database.
        sqlalchemy.exc.DBAPIError: A statement cannot be explained there.
    """
    if connection.dialect.name != "postgresql":
        raise SchemaToolsError("query plans are read on PostgreSQL; SQLite cannot be told to avoid sequential scans")
    explainable = (statement for statement in statements if _EXPLAINABLE.match(statement.sql))
    return list(dict.fromkeys(found for statement in explainable for found in _findings(connection, statement)))


def _findings(connection: Connection, statement: CapturedStatement) -> Iterator[Finding]:
    for node, filtered, sorted_by in _whole_tables(connection, _explained(connection, statement, off=("seqscan",))):
        if filtered and _can_be_found(connection, statement, node["Alias"]):
            continue
        table = node["Relation Name"]
        if filtered:
            message = f"reads all of {table}: no index finds rows by {', '.join(filtered)}"
        elif sorted_by:
            message = f"reads and sorts all of {table}: no index yields the order of {', '.join(sorted_by)}"
        else:
            message = f"reads all of {table}: it has neither a condition nor a LIMIT"
        columns = ", ".join(dict.fromkeys((*filtered, *sorted_by)))
        yield Finding(
            rule="sequential-scan",
            place=statement.label,
            message=message,
            why=_WHY,
            fix=f"CREATE INDEX CONCURRENTLY ON {table} ({columns});" if columns else "",
        )


def _can_be_found(connection: Connection, statement: CapturedStatement, alias: str) -> bool:
    """Whether an index finds the rows of the filter, though the planner thinks that another way is cheaper.

    With everything else off, a bitmap scan, which every kind of index can do, remains if there is one.
    """
    plan = _explained(connection, statement, off=("seqscan", "indexscan", "indexonlyscan"))
    scans = [node for node, _ in _nodes(plan) if node.get("Alias") == alias]
    return bool(scans) and all(
        node["Node Type"] == "Bitmap Heap Scan" and not _reads_everything(connection, node) for node in scans
    )


def _explained(connection: Connection, statement: CapturedStatement, off: Sequence[str]) -> _Plan:
    savepoint = connection.begin_nested()
    try:
        for kind in off:
            connection.exec_driver_sql(f"SET LOCAL enable_{kind} = off")
        result = connection.exec_driver_sql(
            f"EXPLAIN (FORMAT JSON, VERBOSE) {statement.sql}", statement.parameters or None
        )
        plan: _Plan = result.scalar_one()[0]["Plan"]
        return plan
    finally:
        # What was SET LOCAL ends with it.
        savepoint.rollback()


def _nodes(plan: _Plan, above: tuple[_Plan, ...] = ()) -> Iterator[tuple[_Plan, tuple[_Plan, ...]]]:
    """Every node of the plan with those above it, the nearest first."""
    yield plan, above
    for child in plan.get("Plans", ()):
        yield from _nodes(child, (plan, *above))


def _whole_tables(connection: Connection, plan: _Plan) -> Iterator[tuple[_Plan, list[str], list[str]]]:
    """The scans that read a whole table or index, with the columns of the condition and those of a later sort."""
    for node, above in _nodes(plan):
        if not _reads_everything(connection, node) or node.get("Schema") in {"pg_catalog", "information_schema"}:
            continue
        filtered = _columns(node["Alias"], [node.get("Filter", "")])
        # A LIMIT right above, or above nodes that stream, ends the work before everything is read.
        gathering = (one["Node Type"] for one in above if one["Node Type"] not in _STREAMING)
        if not filtered and next(gathering, "") == "Limit":
            continue
        sort = next((one for one in above if one["Node Type"] == "Sort"), {})
        sorted_by = _columns(node["Alias"], sort.get("Sort Key", []))
        yield node, filtered, sorted_by


def _reads_everything(connection: Connection, node: _Plan) -> bool:
    match node["Node Type"]:
        case "Seq Scan":
            return True
        case "Index Scan" | "Index Only Scan":
            index = node
        case "Bitmap Heap Scan" if node["Plans"][0]["Node Type"] == "Bitmap Index Scan":
            # Several bitmaps are combined only where each has a condition.
            index = node["Plans"][0]
        case _:
            return False
    if "Index Cond" in index:
        return False
    # Where the index is of a part of its table, all of that is the part that was asked for.
    partial = text(
        "SELECT indpred IS NOT NULL FROM pg_index JOIN pg_class c ON c.oid = indexrelid"
        " JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = :index AND nspname = :schema"
    )
    return not connection.execute(partial, {"index": index["Index Name"], "schema": node["Schema"]}).scalar_one()


def _columns(alias: str, expressions: Iterable[str]) -> list[str]:
    """The columns of the table that is called `alias` in the expressions of a plan, each once."""
    name = re.escape(alias if re.fullmatch(r"[a-z_][a-z0-9_$]*", alias) else f'"{alias}"')
    pattern = re.compile(rf'(?<![\w."]){name}\.("[^"]+"|\w+)')
    # A text in quotes may look like a column.
    unquoted = (re.sub(r"'(?:[^']|'')*'", "''", expression) for expression in expressions)
    return list(dict.fromkeys(column for expression in unquoted for column in pattern.findall(expression)))
