"""The statements that load rows of one table, derived from the table and the fields that are loaded."""

from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Insert, insert

from foundation.sqlalchemy.adapter import SqlAlchemyAdapter
from foundation.sqlalchemy.restrictions import fixed, restricted
from foundation.sqlalchemy.tenancy import of_tenant

LINE: Final = "_line"
TAKEN: Final = "_taken"


class LoadStatements:
    """What loads rows of one table: first staged, then added by a few statements.

    `fields` are read from the source. `constants` are the other columns, whose values all rows of a load share; each is
    the parameter `_` and its name, but for the tenant, whose parameter all statements have.
    """

    def __init__(self, adapter: SqlAlchemyAdapter[Any, Any, Any], fields: tuple[str, ...]) -> None:
        self.table = adapter.table
        self.fields = fields
        self._own = tuple(of_tenant(self.table))
        self.constants = tuple(
            column.key for column in self.table.c if column.key not in {*fields, *self._own} and not column.primary_key
        )
        self.staged = staged_table(self.table, fields)
        self._line, self._taken = self.staged.c[LINE], self.staged.c[TAKEN]
        unique = [columns for _, columns in adapter.unique_constraints if {one.key for one in columns} <= set(fields)]
        # Those whose unique values an entity has, and then those that come after another one with the same values.
        self.mark_owned = [self._owned(columns) for columns in unique]
        self.mark_repeated = [self._repeated(columns) for columns in unique]
        self.add = self._add()
        # A transaction that commits such a value between the marking and the adding has it. That is rare, and
        # `ON CONFLICT` takes half as long again: so it is the second try.
        target: list[Any] | None = [*self._own, *unique[0]] if len(unique) == 1 else None
        self.add_the_rest = self.add.on_conflict_do_nothing(index_elements=target)
        self.mark_overtaken = self._overtaken([column for columns in unique for column in columns])
        self.taken_lines = (
            sa.select(self._line).where(self._taken.is_(True)).order_by(self._line).limit(sa.bindparam("reported"))
        )

    def dangling(self, foreign_key: sa.Column[Any], target: sa.Column[Any]) -> sa.Select[Any]:
        """Whether a row that is to be added refers to a row that does not exist."""
        value = self.staged.c[foreign_key.key]
        referred = target.table.alias()
        own = restricted(referred, of_tenant(target.table))
        missing = ~sa.exists().where(referred.c[target.key] == value, *own)
        return sa.select(sa.exists().where(self._taken.is_(False), value.is_not(None), missing))

    def _owned(self, columns: tuple[sa.Column[Any], ...]) -> sa.Update:
        same = [self.staged.c[column.key] == column for column in columns]
        return self._mark(*same, *restricted(self.table, self._own))

    def _repeated(self, columns: tuple[sa.Column[Any], ...]) -> sa.Update:
        values = [self.staged.c[column.key] for column in columns]
        first = (
            sa.select(*values, sa.func.min(self._line).label(LINE))
            .group_by(*values)
            .having(sa.func.count() > 1)
            .subquery("firsts")
        )
        return self._mark(*(value == first.c[value.key] for value in values), self._line > first.c[LINE])

    def _add(self) -> Insert:
        """Rows get their ids in the order of its SELECT."""
        constants = [sa.bindparam(f"_{name}", type_=self.table.c[name].type) for name in self.constants]
        own = fixed(self.table, self._own)
        free = sa.select(*(self.staged.c[name] for name in self.fields), *constants, *own.values())
        free = free.where(self._taken.is_(False)).order_by(self._line)
        added = insert(self.table).from_select([*self.fields, *self.constants, *own], free)
        return added.execution_options(preserve_rowcount=True)

    def _overtaken(self, columns: list[sa.Column[Any]]) -> sa.Update:
        staged = [self.staged.c[column.key] for column in columns]
        same = [
            value.is_not_distinct_from(column) if column.nullable else value == column
            for value, column in zip(staged, columns, strict=True)
        ]
        added_here = sa.exists().where(*same, sa.literal_column(f"{self.table.name}.xmin = pg_current_xact_id()::xid"))
        return self._mark(~added_here)

    def _mark(self, *conditions: sa.ColumnElement[bool]) -> sa.Update:
        return sa.update(self.staged).where(*conditions, self._taken.is_(False)).values({TAKEN: True})


def staged_table(table: sa.Table, fields: tuple[str, ...]) -> sa.Table:
    """The table that rows wait in until all of them are there. Only its own session sees it."""
    return sa.Table(
        f"staged_{table.name}",
        sa.MetaData(),  # of its own: no migration makes the table
        sa.Column(LINE, sa.Integer(), nullable=False),
        *(sa.Column(name, table.c[name].type, nullable=table.c[name].nullable) for name in fields),
        sa.Column(TAKEN, sa.Boolean(), nullable=False, server_default=sa.false()),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )


@cache
def load_statements(adapter: SqlAlchemyAdapter[Any, Any, Any], fields: tuple[str, ...]) -> LoadStatements:
    """The statements that load these fields of the entity, made once per process."""
    return LoadStatements(adapter, fields)
