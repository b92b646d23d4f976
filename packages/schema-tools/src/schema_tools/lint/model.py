"""The schema as the history of revisions has made it so far: as much of it as the rules need to know."""

from dataclasses import dataclass, field, replace

from schema_tools.lint import actions
from schema_tools.lint.actions import Action
from schema_tools.lint.definitions import ColumnFacts, ConstraintFacts, ConstraintKind, Expression, SqlType

_SERIAL_TYPES = {"smallserial": "smallint", "serial": "integer", "bigserial": "bigint"}


@dataclass(slots=True)
class Column:
    """A column."""

    type: SqlType
    not_null: bool
    default: Expression | None


@dataclass(slots=True)
class Table:
    """A table, or a materialized view; `made_in` is the revision that made it."""

    made_in: str
    columns: dict[str, Column] = field(default_factory=dict)
    constraints: dict[str, ConstraintFacts] = field(default_factory=dict)
    partitioned: bool = False
    partitions: list[str] = field(default_factory=list)

    def unique_keys(self) -> list[frozenset[str]]:
        """The columns of each primary key and unique constraint."""
        kinds = {ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE}
        return [frozenset(one.columns) for one in self.constraints.values() if one.kind in kinds and one.columns]

    def primary_key(self) -> tuple[str, ...]:
        """The columns of the primary key; none where it is not known."""
        found = [one.columns for one in self.constraints.values() if one.kind is ConstraintKind.PRIMARY_KEY]
        return found[0] if found else ()

    def is_proven_not_null(self, column: str) -> bool:
        """Whether the column, or a validated constraint on it, excludes null."""
        if column in self.columns and self.columns[column].not_null:
            return True
        return any(column in one.not_null and one.validated for one in self.constraints.values())


@dataclass(slots=True)
class Index:
    """An index; `keys` are columns, or expressions in SQL."""

    table: str
    keys: tuple[str, ...]
    unique: bool
    whole: bool


@dataclass(slots=True)
class Schema:
    """What is known of the schema: what the revisions before have said. Other tables may exist all the same."""

    tables: dict[str, Table] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)
    enums: dict[str, str] = field(default_factory=dict)
    functions: dict[str, bool] = field(default_factory=dict)

    def is_new(self, table: str, revision: str) -> bool:
        """Whether `revision` itself has made the table."""
        return table in self.tables and self.tables[table].made_in == revision

    def is_partitioned(self, table: str) -> bool:
        """Whether the table has partitions."""
        return table in self.tables and self.tables[table].partitioned

    def column(self, table: str, column: str) -> Column | None:
        """A column, if it is known."""
        return self.tables[table].columns.get(column) if table in self.tables else None

    def unique_keys(self, table: str) -> list[frozenset[str]]:
        """The columns that are unique together, by a constraint or by an index over all rows."""
        constraints = self.tables[table].unique_keys() if table in self.tables else []
        indexes = [
            frozenset(one.keys) for one in self.indexes.values() if one.table == table and one.unique and one.whole
        ]
        return [*constraints, *indexes]

    def columns_of_type(self, name: str) -> list[tuple[str, str]]:
        """Every table and column of a type."""
        return [
            (table, column)
            for table, found in self.tables.items()
            for column, facts in found.columns.items()
            if facts.type.name == name
        ]

    def apply(self, action: Action, revision: str) -> None:  # noqa: C901, PLR0912 -- one case for each kind
        """Make the change that `action` makes."""
        match action:
            case actions.CreateTable():
                self._create_table(action, revision)
            case actions.DropTable():
                self.tables.pop(action.table, None)
                self.indexes = {name: one for name, one in self.indexes.items() if one.table != action.table}
            case actions.RenameTable():
                self._rename_table(action.table, action.new_name)
            case actions.CreateIndex():
                plain = action.plain and not action.where
                self.indexes.setdefault(action.name, Index(action.table, action.keys, action.unique, whole=plain))
            case actions.DropIndex():
                self.indexes.pop(action.name, None)
            case actions.RenameIndex() if action.name in self.indexes:
                self.indexes[action.new_name] = self.indexes.pop(action.name)
            case actions.AttachPartition():
                self._table(action.table).partitions.append(action.partition)
            case actions.DetachPartition() if action.partition in self._table(action.table).partitions:
                self._table(action.table).partitions.remove(action.partition)
            case actions.CreateEnum():
                self.enums[action.type] = revision
            case actions.DropType():
                self.enums.pop(action.type, None)
            case actions.CreateFunction():
                self.functions[action.name] = action.volatile
            case actions.TableAction():
                self._alter(self._table(action.table), action)
            case _:
                pass

    def _alter(self, table: Table, action: Action) -> None:
        match action:
            case actions.AddColumn():
                self._add_column(table, action.column)
            case actions.DropColumn():
                table.columns.pop(action.column, None)
            case actions.RenameColumn() if action.column in table.columns:
                table.columns[action.new_name] = table.columns.pop(action.column)
            case actions.AddConstraint():
                self._add_constraint(table, action.constraint)
            case actions.ValidateConstraint() if action.name in table.constraints:
                table.constraints[action.name] = replace(table.constraints[action.name], validated=True)
            case actions.DropConstraint():
                table.constraints.pop(action.name, None)
            case actions.RenameConstraint() if action.name in table.constraints:
                table.constraints[action.new_name] = table.constraints.pop(action.name)
            case actions.ColumnAction() if action.column in table.columns:
                _alter_column(table.columns[action.column], action)
            case _:
                pass

    def _create_table(self, action: actions.CreateTable, revision: str) -> None:
        table = self.tables[action.table] = Table(revision, partitioned=action.partitioned)
        for column in action.columns:
            self._add_column(table, column)
        for constraint in action.constraints:
            self._add_constraint(table, constraint)
        if action.parent is not None:
            self._table(action.parent).partitions.append(action.table)

    def _add_column(self, table: Table, column: ColumnFacts) -> None:
        serial = column.type.name in _SERIAL_TYPES
        plain = SqlType(name=column.type.name, sql=_SERIAL_TYPES[column.type.name]) if serial else column.type
        table.columns[column.name] = Column(plain, column.not_null or serial, column.default)
        for constraint in column.constraints:
            self._add_constraint(table, constraint)

    def _add_constraint(self, table: Table, constraint: ConstraintFacts) -> None:
        if constraint.index in self.indexes:
            found = self.indexes[constraint.index]
            constraint = replace(constraint, columns=found.keys)
        table.constraints[constraint.name] = constraint
        for name in constraint.columns if constraint.kind is ConstraintKind.PRIMARY_KEY else ():
            if name in table.columns:
                table.columns[name].not_null = True

    def _rename_table(self, old: str, new: str) -> None:
        if old in self.tables:
            self.tables[new] = self.tables.pop(old)
        for index in self.indexes.values():
            if index.table == old:
                index.table = new

    def _table(self, name: str) -> Table:
        """The table; one of which nothing is known where no revision has made it."""
        return self.tables.setdefault(name, Table(made_in=""))


def _alter_column(column: Column, action: Action) -> None:
    match action:
        case actions.ChangeType():
            column.type = action.type
        case actions.ChangeDefault():
            column.default = action.default
        case actions.SetNotNull():
            column.not_null = True
        case actions.DropNotNull():
            column.not_null = False
        case _:
            pass
