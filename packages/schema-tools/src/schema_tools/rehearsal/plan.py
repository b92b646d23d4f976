"""What the pending migrations would do to the tables of a database, measured on a throwaway one with rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from alembic.script import Script
from sqlalchemy import URL, text

from schema_tools.database_urls import migration_url
from schema_tools.failures import explained
from schema_tools.migrations.connection import live_engine
from schema_tools.migrations.history import history
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.examples import examples_of
from schema_tools.rehearsal.measuring import Measurement, measured
from schema_tools.rehearsal.rows import Unfilled, fill
from schema_tools.rehearsal.scratch import throwaway_places
from schema_tools.rehearsal.spare import Databases
from schema_tools.rehearsal.steps import Revisions, StepFailed, Walker
from schema_tools.rehearsal.stores import count_rows, read_shapes

ROWS: Final = 2_000
"""How many rows each table gets: enough that a scan and a rewrite show."""

_ESTIMATES: Final = """
SELECT CASE WHEN n.nspname = current_schema() THEN c.relname ELSE n.nspname || '.' || c.relname END, c.reltuples::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.reltuples >= 0 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRevision:
    """A pending migration.

    Attributes:
        file: Its file, as findings name it.
        rows: How many rows each table had when it was measured.
        failure: Why it failed over the rows of the throwaway database; empty when it did not.
    """

    revision: str
    message: str
    file: str
    statements: Sequence[Measurement]
    rows: Mapping[str, int]
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReport:
    """What the pending migrations would do.

    Attributes:
        revisions: The pending ones, in order, up to one that fails.
        live_rows: About how many rows the tables of the live database have, by its statistics.
        unfilled: Tables that had no rows in the measurement.
    """

    dialect: str
    revisions: Sequence[PlannedRevision]
    live_rows: Mapping[str, int] = field(default_factory=dict)
    unfilled: Sequence[Unfilled] = ()


def plan(
    project: SchemaProject, url: str | URL | None, server: RunningPostgres | None = None, *, rows: int = ROWS
) -> PlanReport:
    """Measure what the migrations that are pending on the database at `url` would do; nothing is written there.

    Args:
        project: The migrations.
        url: The live database, whose revision and row counts are read; with None, every migration is planned, on the
            first of the project's databases.
        server: Where to create the throwaway database; by default on a throwaway server.
        rows: How many rows each table gets there.

    Raises:
        SchemaToolsError: The live database cannot be reached or is at an unknown revision, or no PostgreSQL can be had.
    """
    target = migration_url(url) if url is not None else None
    dialect = target.get_backend_name() if target is not None else project.databases[0]
    pending = {one.revision for one in history(project, target) if not one.applied}
    live = _live_rows(target) if target is not None else {}
    if not pending:
        return PlanReport(dialect=dialect, revisions=(), live_rows=live)
    revisions = Revisions(project)
    with (
        throwaway_places(project, (dialect,), server) as places,
        Databases(revisions, dialect, places) as databases,
        explained(None),
    ):
        return _planned(revisions, databases.empty(), pending, live, rows)


def _planned(revisions: Revisions, walker: Walker, pending: set[str], live: Mapping[str, int], rows: int) -> PlanReport:
    dialect = walker.url.get_backend_name()
    examples = examples_of(revisions.project.metadata)
    unfilled: dict[str, Unfilled] = {}
    planned: list[PlannedRevision] = []
    for script in revisions.rehearsed():
        if script.revision not in pending:
            walker.step(script, up=True)
            continue
        with walker.transaction() as connection:
            shapes = read_shapes(connection)
            counts = count_rows(connection, list(shapes.values()))
            empty = [name for name, count in counts.items() if not count]
            filled = fill(connection, rows, examples=examples, tables=empty, shapes=shapes)
            counts = {name: count + filled.rows.get(name, 0) for name, count in counts.items()}
            unfilled |= {one.table: one for one in filled.unfilled}
            if dialect == "postgresql":
                connection.exec_driver_sql("ANALYZE")
        planned.append(_measured(revisions, walker, script, counts))
        if planned[-1].failure:
            break
    in_order = [one for _, one in sorted(unfilled.items())]
    return PlanReport(dialect=dialect, revisions=planned, live_rows=live, unfilled=in_order)


def _measured(revisions: Revisions, walker: Walker, script: Script, rows: Mapping[str, int]) -> PlannedRevision:
    failure = ""
    with measured(walker.connection, script.module.upgrade.__code__.co_filename) as statements:
        try:
            walker.step(script, up=True)
        except StepFailed as error:
            failure = f"{error.place}: {error.why}"
    message, file = script.doc.removesuffix("."), revisions.place(script.path)
    return PlannedRevision(
        revision=script.revision, message=message, file=file, statements=statements, rows=rows, failure=failure
    )


def _live_rows(url: URL) -> dict[str, int]:
    """About how many rows each table of a live database has, by its statistics."""
    if url.get_backend_name() != "postgresql":
        return {}
    with explained(url), live_engine(url).connect() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        return dict(map(tuple, connection.execute(text(_ESTIMATES))))
