"""What Alembic's operations lack, found in the catalog: enums, their labels, changed checks, views, sequences."""

import re
from collections.abc import Iterable
from copy import copy
from typing import Final, NamedTuple

from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from schema_tools.catalog.comparing import differences
from schema_tools.catalog.objects import Catalog
from schema_tools.catalog.partitions import without_partitions
from schema_tools.catalog.reading import read_catalog
from schema_tools.catalog.unmapped import with_unmapped
from schema_tools.rehearsal.scratch import ScratchPair

# Triggers and functions are made from their authors' words, by `CodeChange`.
_MADE_ELSEWHERE: Final = ("trigger ", "function ")

# What a new column needs before it; with a new table, SQLAlchemy makes it.
_TYPES: Final = ("enum ", "domain ")

_BETWEEN_STATEMENTS: Final = re.compile(r";\n(?=(?:ALTER|COMMENT|CREATE|DROP)\b)")
# A label cannot be taken away again, so that a downgrade leaves it, and the next upgrade finds it:
# https://www.postgresql.org/docs/current/sql-altertype.html
_NEW_LABEL: Final = re.compile(r"^(ALTER TYPE .* ADD VALUE) (?!IF)")


class Remaining(NamedTuple):
    """Statements for PostgreSQL before and after Alembic's operations, for the upgrade and for the downgrade.

    Those before an upgrade make the types of new columns; those after a downgrade remove what it would leave behind.
    """

    up: tuple[tuple[str, ...], tuple[str, ...]]
    down: tuple[tuple[str, ...], tuple[str, ...]]


def remaining(pair: ScratchPair, script: ops.MigrationScript) -> Remaining:
    """Run the operations of `script` on the head of PostgreSQL's pair, see what they lead to, and undo it all.

    Raises:
        sqlalchemy.exc.DBAPIError: PostgreSQL refuses one of them.
    """
    assert script.upgrade_ops is not None and script.downgrade_ops is not None  # noqa: S101, PT018
    schemas = pair.mapping.schemas
    with pair.mapping.engine().connect() as mapping:
        wanted = read_catalog(mapping, *schemas, absent=True)
    with pair.head.engine().connect() as connection:
        before = read_catalog(connection, *schemas, absent=True)
        new_schemas = _lacking_schemas(schemas, connection)
        for name in new_schemas:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        types = _lacking_types(wanted, script.upgrade_ops.ops, connection, schemas)
        for statement in types:
            connection.exec_driver_sql(statement)
        _run(script.upgrade_ops.ops, connection)
        reached = without_partitions(wanted, read_catalog(connection, *schemas, absent=True))
        # What only the migrations make stays.
        wanted = with_unmapped(wanted, reached, kinds=pair.mapping.kinds, borrowed=pair.mapping.borrowed)
        _run(script.downgrade_ops.ops, connection)
        left = read_catalog(connection, *schemas, absent=True)
        connection.rollback()
    up_first = (*(f"CREATE SCHEMA {name}" for name in new_schemas), *types)
    down_last = (*_fixes(before, left), *(f"DROP SCHEMA {name}" for name in new_schemas))
    return Remaining((up_first, _fixes(wanted, reached)), (_fixes(reached, wanted), down_last))


def _lacking_schemas(schemas: Iterable[str | None], connection: Connection) -> list[str]:
    """The schemas that are not there, quoted where they must be."""
    there = inspect(connection).get_schema_names()
    quote = connection.dialect.identifier_preparer.quote
    return [quote(name) for name in dict.fromkeys(schemas) if name is not None and name not in there]


def _lacking_types(
    wanted: Catalog,
    operations: Iterable[ops.MigrateOperation],
    connection: Connection,
    schemas: Iterable[str | None],
) -> tuple[str, ...]:
    """The statements that make the types which are neither there nor come with a new table."""
    with connection.begin_nested() as attempt:
        _run([one for one in operations if isinstance(one, ops.CreateTableOp)], connection)
        there = read_catalog(connection, *schemas, absent=True)
        attempt.rollback()
    lacking = {label for label in wanted if label.startswith(_TYPES) and label not in there}
    return tuple(
        statement for one in differences(wanted, there) if one.object in lacking for statement in _statements(one.fix)
    )


def _run(operations: Iterable[ops.MigrateOperation], connection: Connection) -> None:
    runner = Operations(MigrationContext.configure(connection))
    for one in operations:
        for inner in one.ops if isinstance(one, ops.OpContainer) else (one,):
            runner.invoke(_as_in_code(inner))


def _as_in_code(operation: ops.MigrateOperation) -> ops.MigrateOperation:
    """A new column as Alembic writes it: its index is an operation of its own, and its CHECK is left out."""
    if not isinstance(operation, ops.AddColumnOp):
        return operation
    alone = copy(operation)
    alone.column = copy(operation.column)
    alone.column.index = alone.column.unique = None
    alone.column.constraints = set()
    return alone


def _fixes(expected: Catalog, found: Catalog) -> tuple[str, ...]:
    """The statements that lead from one catalog to another, each once, without the remarks on what they cost."""
    fixes = [one.fix for one in differences(expected, found) if not one.object.startswith(_MADE_ELSEWHERE)]
    return tuple(dict.fromkeys(statement for fix in fixes for statement in _statements(fix)))


def _statements(fix: str) -> list[str]:
    lines = "\n".join(line for line in fix.splitlines() if not line.startswith("--"))
    statements = [one.strip().removesuffix(";") for one in _BETWEEN_STATEMENTS.split(lines)]
    return [_NEW_LABEL.sub(r"\1 IF NOT EXISTS ", one) for one in statements if one]
