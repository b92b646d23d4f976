"""Rendering a revision's code so that it is right on both databases and independent of the project's code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _repr_type
from sqlalchemy import CheckConstraint, Computed, DefaultClause
from sqlalchemy.exc import CompileError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement, ColumnElement
from sqlalchemy.types import TypeDecorator

from schema_tools.dialects import DIALECTS, escaped


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
        if kind == "server_default" and isinstance(item, Computed):
            sql = self._chosen(item.sqltext)
            return f"sa.Computed({sql}, persisted={item.persisted})" if sql else False
        if kind == "server_default" and isinstance(item, DefaultClause) and isinstance(item.arg, ClauseElement):
            return self._chosen(item.arg) or False
        if kind == "check" and isinstance(item, CheckConstraint):
            sql = self._chosen(item.sqltext)
            return f"sa.CheckConstraint({sql}, name=op.f({str(item.name)!r}))" if sql else False
        return False

    def _chosen(self, element: ClauseElement) -> str | None:
        """Code for the SQL of `element`, chosen by the database; None where Alembic renders it as well."""
        texts = {name: compiled(element, name) for name in self.databases}
        sql = texts["postgresql"]
        if len(texts) == 1 and sql is None:
            return None
        if sql is None or len(set(texts.values())) > 1:
            arguments = (f"{name}={escaped(one)!r}" for name, one in texts.items() if one is not None)
            return f"per_dialect({', '.join(arguments)})"
        # Alembic does not mark colons again.
        return None if escaped(sql) == sql else f"sa.text({escaped(sql)!r})"


def compiled(element: ClauseElement, dialect: str) -> str | None:
    """The SQL of `element` on a database, or None when that database cannot say it."""
    try:
        return str(element.compile(dialect=DIALECTS[dialect], compile_kwargs={"literal_binds": True}))
    except CompileError:
        return None
