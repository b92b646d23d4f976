"""What a statement does to tables and rows, in the terms that the rules are written in, and what no rule is about.

Names are folded as PostgreSQL does; a name is `members`, or `sales.orders` outside the schema `public`.
"""

from dataclasses import dataclass
from typing import dataclass_transform

from schema_tools.lint.definitions import ColumnFacts, ConstraintFacts, Expression, SqlType


def short(name: str) -> str:
    """A name without its schema."""
    return name.rpartition(".")[2]


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Action:
    """One thing that a statement does; every kind is a frozen dataclass."""

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, kw_only=True)(cls)


class TableAction(Action):
    """Something done to a table, or to what stands in for one, such as a materialized view."""

    table: str


class ColumnAction(TableAction):
    """Something done to a column."""

    column: str


class CreateTable(TableAction):
    """CREATE TABLE, CREATE TABLE AS, CREATE MATERIALIZED VIEW: a new relation with rows."""

    columns: tuple[ColumnFacts, ...] = ()
    constraints: tuple[ConstraintFacts, ...] = ()
    parent: str | None = None
    partitioned: bool = False


class DropTable(TableAction):
    """DROP TABLE, of one table."""


class AddColumn(TableAction):
    """ALTER TABLE ADD COLUMN."""

    column: ColumnFacts


class DropColumn(ColumnAction):
    """ALTER TABLE DROP COLUMN."""


class ChangeType(ColumnAction):
    """ALTER COLUMN TYPE; `converts` when a USING says more than a cast of the column itself."""

    type: SqlType
    using: str = ""
    converts: bool = False


class ChangeDefault(ColumnAction):
    """ALTER COLUMN SET DEFAULT, or DROP DEFAULT when there is none."""

    default: Expression | None


class ChangeNotNull(ColumnAction):
    """ALTER COLUMN SET NOT NULL, or DROP NOT NULL."""

    not_null: bool


class SetExpression(ColumnAction):
    """ALTER COLUMN SET EXPRESSION, of a generated column."""

    expression: str


class AddConstraint(TableAction):
    """ALTER TABLE ADD CONSTRAINT."""

    constraint: ConstraintFacts


class ValidateConstraint(TableAction):
    """ALTER TABLE VALIDATE CONSTRAINT."""

    name: str


class DropConstraint(TableAction):
    """ALTER TABLE DROP CONSTRAINT."""

    name: str


class ChangeStorage(TableAction):
    """ALTER TABLE SET LOGGED, SET UNLOGGED, SET TABLESPACE or SET ACCESS METHOD: `words` says which."""

    words: str


class DetachPartition(TableAction):
    """ALTER TABLE DETACH PARTITION."""

    partition: str
    concurrently: bool


class AttachPartition(TableAction):
    """ALTER TABLE ATTACH PARTITION."""

    partition: str


class AlterTable(TableAction):
    """Any other ALTER TABLE; `exclusive` when it takes an ACCESS EXCLUSIVE lock."""

    exclusive: bool


class RenameColumn(ColumnAction):
    """ALTER TABLE RENAME COLUMN."""

    new_name: str


class RenameTable(TableAction):
    """ALTER TABLE RENAME TO, or SET SCHEMA."""

    new_name: str


class RenameConstraint(TableAction):
    """ALTER TABLE RENAME CONSTRAINT."""

    name: str
    new_name: str


class Truncate(TableAction):
    """TRUNCATE, of one table."""


class ChangeRows(TableAction):
    """INSERT, UPDATE, DELETE, MERGE or COPY FROM.

    Attributes:
        where: The condition in SQL, or empty.
        bounded: Whether the condition limits how many rows are changed at a time.
        compared: The columns that the condition compares with constants for equality.
        plain: Whether it names one table, and neither another one nor RETURNING.
    """

    verb: str
    where: str = ""
    bounded: bool = False
    compared: frozenset[str] = frozenset()
    assignments: str = ""
    plain: bool = True


class Cascade(Action):
    """What a statement does on top when it says CASCADE; `without` is the statement without it."""

    without: str
    tables: tuple[str, ...] = ()


class Vacuum(TableAction):
    """VACUUM, of one table, or of all when `table` is empty."""

    full: bool


class Cluster(TableAction):
    """CLUSTER, of one table, or of all when `table` is empty."""


class Refresh(TableAction):
    """REFRESH MATERIALIZED VIEW."""

    concurrently: bool


class LockTable(TableAction):
    """LOCK TABLE, in a mode such as `ACCESS EXCLUSIVE`."""

    mode: str


class CreateTrigger(TableAction):
    """CREATE TRIGGER."""


class DropTrigger(TableAction):
    """DROP TRIGGER, DROP RULE or DROP POLICY."""


class ControlTransaction(Action):
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT and the like."""

    words: str


class ExecuteText(Action):
    """EXECUTE of a text that PL/pgSQL puts together."""

    text: str


class AskDatabase(Action):
    """Code of a revision that needs a database's answer to go on."""

    code: str


class Fail(Action):
    """Code of a revision that raises an error when it is compiled."""

    error: str


class CannotParse(Action):
    """Text that is no SQL of PostgreSQL, and what its parser says."""

    problem: str


class Other(Action):
    """What no rule is about; `harmless` when it neither waits for a table's lock nor works on rows."""

    harmless: bool
