"""The schema as the history of revisions has made it so far: as much of it as the rules need to know."""

from dataclasses import dataclass, field, replace
from typing import Final

from schema_tools.lint import actions, objects
from schema_tools.lint.actions import Action
from schema_tools.lint.definitions import SERIAL_TYPES, ColumnFacts, ConstraintFacts, ConstraintKind, SqlType

_UNIQUE_KINDS: Final = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE})


@dataclass(slots=True)
class Table:
    """A table, or a materialized view.

    Attributes:
        made_in: The revision that made it.
        parts_made_in: The revision that added each column or constraint to it.
    """

    made_in: str
    parts_made_in: dict[str, str] = field(default_factory=dict)
    columns: dict[str, ColumnFacts] = field(default_factory=dict)
    constraints: dict[str, ConstraintFacts] = field(default_factory=dict)
    partitioned: bool = False
    partitions: list[str] = field(default_factory=list)

    def primary_key(self) -> tuple[str, ...]:
        """The columns of the primary key; none where it is not known."""
        keys = (one.columns for one in self.constraints.values() if one.kind is ConstraintKind.PRIMARY_KEY)
        return next(keys, ())

    def is_proven_not_null(self, column: str) -> bool:
        """Whether the column, or a validated constraint on it, excludes null."""
        if column in self.columns and self.columns[column].not_null:
            return True
        return any(column in one.not_null and one.validated for one in self.constraints.values())


@dataclass(slots=True)
class Schema:
    """What is known of the schema: what the revisions before have said. Other tables may exist all the same.

    Attributes:
        indexes: The statement that made each index, with the name that its table has now.
        enums: The revision that made each enum.
        functions: Whether each function is volatile.
        dropped_indexes: Each index that was dropped, and the revision that dropped it.
    """

    tables: dict[str, Table] = field(default_factory=dict)
    indexes: dict[str, objects.CreateIndex] = field(default_factory=dict)
    enums: dict[str, str] = field(default_factory=dict)
    functions: dict[str, bool] = field(default_factory=dict)
    dropped_indexes: list[tuple[str, objects.CreateIndex]] = field(default_factory=list)

    def table(self, name: str) -> Table:
        """The table; one of which nothing is known where no revision has made it."""
        return self.tables.setdefault(name, Table(made_in=""))

    def unique_keys(self, table: str) -> list[frozenset[str]]:
        """The columns that are unique together, by a constraint or by an index over all rows."""
        constraints = self.table(table).constraints.values()
        keys = [one.columns for one in constraints if one.kind in _UNIQUE_KINDS and one.columns]
        keys += [one.keys for one in self.indexes.values() if one.table == table and one.unique and one.plain]
        return [frozenset(key) for key in keys]

    def apply(self, action: Action, revision: str) -> None:  # noqa: C901, PLR0912 -- one case for each kind
        """Make the change that `action` makes."""
        match action:
            case actions.CreateTable():
                table = self.tables[action.table] = Table(revision, partitioned=action.partitioned)
                for column in action.columns:
                    self._add_column(table, column)
                for constraint in action.constraints:
                    self._add_constraint(table, constraint)
                if action.parent is not None:
                    self.table(action.parent).partitions.append(action.table)
            case actions.DropTable():
                self.tables.pop(action.table, None)
                self.indexes = {name: one for name, one in self.indexes.items() if one.table != action.table}
            case actions.RenameTable():
                if action.table in self.tables:
                    self.tables[action.new_name] = self.tables.pop(action.table)
                for name, one in self.indexes.items():
                    if one.table == action.table:
                        self.indexes[name] = replace(one, table=action.new_name)
            case objects.CreateIndex():
                self.indexes.setdefault(action.name, action)
            case objects.DropIndex():
                index = self.indexes.pop(action.name, None)
                self.dropped_indexes += [(revision, index)] if index is not None else []
            case objects.RenameIndex() if action.name in self.indexes:
                self.indexes[action.new_name] = self.indexes.pop(action.name)
            case actions.AttachPartition():
                self.table(action.table).partitions.append(action.partition)
            case actions.DetachPartition() if action.partition in self.table(action.table).partitions:
                self.table(action.table).partitions.remove(action.partition)
            case objects.CreateEnum():
                self.enums[action.name] = revision
            case objects.DropType():
                self.enums.pop(action.name, None)
            case objects.CreateFunction():
                self.functions[action.name] = action.volatile
            case actions.TableAction():
                self._alter(self.table(action.table), action)
                _remember(self.table(action.table), action, revision)

    def _alter(self, table: Table, action: Action) -> None:  # noqa: C901 -- one case for each kind
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
            case actions.ChangeType() if action.column in table.columns:
                table.columns[action.column] = replace(table.columns[action.column], type=action.type)
            case actions.ChangeDefault() if action.column in table.columns:
                table.columns[action.column] = replace(table.columns[action.column], default=action.default)
            case actions.ChangeNotNull() if action.column in table.columns:
                table.columns[action.column] = replace(table.columns[action.column], not_null=action.not_null)

    def _add_column(self, table: Table, column: ColumnFacts) -> None:
        name, serial = column.name, SERIAL_TYPES.get(column.type.name)
        number = replace(column, type=SqlType(name=column.type.name, sql=serial), not_null=True) if serial else column
        table.columns[name] = number
        for constraint in column.constraints:
            self._add_constraint(table, constraint)

    def _add_constraint(self, table: Table, constraint: ConstraintFacts) -> None:
        if constraint.index in self.indexes:
            constraint = replace(constraint, columns=self.indexes[constraint.index].keys)
        table.constraints[constraint.name] = constraint
        for name in constraint.columns if constraint.kind is ConstraintKind.PRIMARY_KEY else ():
            if name in table.columns:
                table.columns[name] = replace(table.columns[name], not_null=True)


def _remember(table: Table, action: Action, revision: str) -> None:
    """Keep in mind which revision added what to a table that was there before."""
    made_in = table.parts_made_in
    match action:
        case actions.AddColumn():
            made_in |= dict.fromkeys([action.column.name, *(one.name for one in action.column.constraints)], revision)
        case actions.AddConstraint():
            made_in[action.constraint.name] = revision
        case actions.RenameColumn(column=name) | actions.RenameConstraint(name=name):
            made_in[action.new_name] = made_in.pop(name, "")
        case actions.DropColumn(column=name) | actions.DropConstraint(name=name):
            made_in.pop(name, None)
