"""A revision that is right on both databases, whose downgrade autogeneration reads from PostgreSQL alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _repr_type
from alembic.operations import ops
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import CompileError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement, ColumnElement, TextClause
from sqlalchemy.types import TypeDecorator, TypeEngine

from schema_tools.dialects import DIALECTS, escaped

_SQLITE_LITERAL: Final = re.compile(
    r"\(.*\)|'[^']*'|[-+]?[\d.]+|NULL|TRUE|FALSE|CURRENT_\w+", re.IGNORECASE | re.DOTALL
)


class PerDialect(ColumnElement[Any]):
    """SQL whose text depends on the database: `sql` has it by the name of the dialect."""

    inherit_cache = False

    def __init__(self, sql: Mapping[str, str]) -> None:
        self.sql = dict(sql)


@compiles(PerDialect)
def _compile_per_dialect(element: PerDialect, compiler: SQLCompiler, **_kw: object) -> str:
    return element.sql[compiler.dialect.name]


@dataclass
class PortableRendering:
    """Alembic's `render_item` hook: types and SQL as a frozen revision needs them.

    A `TypeDecorator` is rendered as the type that it decorates, so that a revision never imports project code. SQL
    whose text differs between the databases is rendered as a call of `per_dialect`, which the template defines in
    the revision.

    Attributes:
        databases: The dialects that the revision is for.
        imports: The imports that the rendered code needs; filled while rendering.
    """

    databases: Sequence[str]
    imports: set[str] = field(default_factory=set)

    def __call__(self, kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
        """Render `item`, or return False to leave it to Alembic."""
        self.imports = context.imports
        if kind == "type" and isinstance(item, TypeDecorator):
            return _repr_type(item.impl_instance, context)
        if kind == "server_default" and isinstance(item, sa.Computed):
            sql = self._chosen(item.sqltext)
            return f"sa.Computed({sql}, persisted={item.persisted})" if sql else False
        if kind == "server_default" and isinstance(item, sa.DefaultClause) and isinstance(item.arg, ClauseElement):
            return self._chosen(item.arg) or False
        if kind == "check" and isinstance(item, sa.CheckConstraint):
            sql = self._chosen(item.sqltext)
            return f"sa.CheckConstraint({sql}, name=op.f({str(item.name)!r}))" if sql else False
        return False

    def _chosen(self, element: ClauseElement) -> str | None:
        """Code for the SQL of `element`, chosen by the database; None where Alembic renders it as well."""
        texts = {name: _compiled(element, name) for name in self.databases}
        sql = texts["postgresql"]
        if len(texts) == 1 and sql is None:
            return None
        if sql is None or len(set(texts.values())) > 1:
            arguments = (f"{name}={escaped(one)!r}" for name, one in texts.items() if one is not None)
            return f"per_dialect({', '.join(arguments)})"
        # Alembic does not mark colons again.
        return None if escaped(sql) == sql else f"sa.text({escaped(sql)!r})"


def _compiled(element: ClauseElement, dialect: str) -> str | None:
    """The SQL of `element` on a database, or None when that database cannot say it."""
    try:
        return str(element.compile(dialect=DIALECTS[dialect], compile_kwargs={"literal_binds": True}))
    except CompileError:
        return None


def make_portable(downgrade: ops.DowngradeOps, sqlite_head: sa.Connection) -> None:
    """Fix the operations of a downgrade, in place, for both databases.

    Args:
        downgrade: The operations, as they follow from PostgreSQL's schema.
        sqlite_head: SQLite's own version of the schema that the downgrade returns to.
    """
    restoration = _Restoration(sqlite_head, sa.inspect(sqlite_head))
    for operation in _flattened(downgrade):
        if isinstance(operation, ops.CreateTableOp):
            restoration.table(operation)
        elif isinstance(operation, ops.AddColumnOp):
            restoration.column(operation.table_name, operation.column)
        elif isinstance(operation, ops.AlterColumnOp):
            operation.modify_type = operation.modify_type and _generic(operation.modify_type)
            if isinstance(operation.modify_server_default, sa.DefaultClause):
                found = restoration.column_on_sqlite(operation.table_name, operation.column_name)
                operation.modify_server_default = _default(operation.modify_server_default, found)
        elif isinstance(operation, ops.CreateIndexOp):
            restoration.index(operation)


@dataclass(frozen=True)
class _Restoration:
    sqlite: sa.Connection
    inspector: sa.Inspector

    def table(self, operation: ops.CreateTableOp) -> None:
        """Fix a table: its columns, its checks, and whether it counts its ids."""
        name = operation.table_name
        query = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
        if "AUTOINCREMENT" in (self.sqlite.execute(query, {"name": name}).scalar() or "").upper():
            # No id is given out twice there, which SQLite's reflection does not say.
            operation.kw["sqlite_autoincrement"] = True
        checks = {check["name"]: check["sqltext"] for check in self.inspector.get_check_constraints(name)}
        for item in operation.columns:
            if isinstance(item, sa.Column):
                self.column(name, item)
            elif isinstance(item, sa.CheckConstraint) and item.name in checks:
                item.sqltext = _either(item.sqltext, checks[item.name])
            elif isinstance(item, sa.UniqueConstraint):
                # The catalog spells out what a constraint does not have.
                for option in [name for name, value in item.dialect_kwargs.items() if not value]:
                    del item.dialect_kwargs[option]

    def column(self, table: str, column: sa.Column[Any]) -> None:
        """Fix a column: its type, its default, its generation, its identity."""
        found = self.column_on_sqlite(table, column.name)
        column.type = _generic(column.type)
        column.autoincrement = "auto"
        if isinstance(column.server_default, sa.DefaultClause):
            column.server_default = _default(column.server_default, found)
        if isinstance(column.server_default, sa.Computed) and "computed" in found:
            column.server_default.sqltext = _either(column.server_default.sqltext, found["computed"]["sqltext"])
        identity = column.identity
        if identity is not None and (identity.start, identity.increment, identity.cycle) == (1, 1, False):
            # The catalog spells out every default of a sequence.
            column.identity = column.server_default = None
            sa.Identity(always=bool(identity.always))._set_parent(column)  # noqa: SLF001 -- as Column() itself does

    def index(self, operation: ops.CreateIndexOp) -> None:
        """Fix an index: its predicate."""
        for found in self.inspector.get_indexes(operation.table_name):
            predicate = found.get("dialect_options", {}).get("sqlite_where")
            if found["name"] == operation.index_name and predicate is not None:
                operation.kw["sqlite_where"] = predicate

    def column_on_sqlite(self, table: str, name: str) -> Any:
        """SQLite's description of a column."""
        (found,) = [column for column in self.inspector.get_columns(table) if column["name"] == name]
        return found


def _flattened(container: ops.OpContainer) -> Iterator[ops.MigrateOperation]:
    """Every operation of `container`, those on one table not grouped."""
    for operation in container.ops:
        yield from _flattened(operation) if isinstance(operation, ops.OpContainer) else [operation]


def _default(default: sa.DefaultClause, on_sqlite: Any) -> sa.DefaultClause:
    sql = on_sqlite["default"]
    if sql is None:
        return default
    arg = default.arg if isinstance(default.arg, ClauseElement) else sa.text(str(default.arg))
    return sa.DefaultClause(_either(arg, sql if _SQLITE_LITERAL.fullmatch(sql) else f"({sql})"))


def _either(on_postgresql: ClauseElement, on_sqlite: str) -> Any:
    """SQL that is worded as each database words it."""
    # Reflected SQL is taken as it is: it has no parameters, though its literals may look as if it had.
    sql = on_postgresql.text if isinstance(on_postgresql, TextClause) else _compiled(on_postgresql, "postgresql")
    return on_postgresql if sql is None else PerDialect({"postgresql": sql, "sqlite": on_sqlite})


def _generic(found: TypeEngine[Any]) -> TypeEngine[Any]:
    """The general type that PostgreSQL words as it words `found`; `found` itself when there is none."""
    if isinstance(found, postgresql.TIMESTAMP) and found.precision is None:
        return sa.DateTime(timezone=found.timezone)
    if not type(found).__module__.startswith("sqlalchemy.sql"):
        return found
    general = found.as_generic(allow_nulltype=True)
    dialect = DIALECTS["postgresql"]
    same = general.compile(dialect=dialect) == found.compile(dialect=dialect)
    return general if same else found
