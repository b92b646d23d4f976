"""What a statement does to a schema, in the terms that the rules are written in. Names are folded as PostgreSQL does.

A name is `users`, or `sales.orders` outside the schema `public`.
"""

from dataclasses import dataclass

from schema_tools.lint.definitions import ColumnFacts, ConstraintFacts, Expression, SqlType


class Action:
    """One thing that a statement does."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableAction(Action):
    """Something done to a table, or to what stands in for one, such as a materialized view."""

    table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnAction(TableAction):
    """Something done to a column."""

    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTable(TableAction):
    """CREATE TABLE, CREATE TABLE AS, CREATE MATERIALIZED VIEW: a new relation with rows."""

    columns: tuple[ColumnFacts, ...] = ()
    constraints: tuple[ConstraintFacts, ...] = ()
    parent: str | None = None
    partitioned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateView(Action):
    """CREATE VIEW."""

    view: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropView(Action):
    """DROP VIEW, of one view."""

    view: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTable(TableAction):
    """DROP TABLE, of one table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddColumn(TableAction):
    """ALTER TABLE ADD COLUMN."""

    column: ColumnFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class DropColumn(ColumnAction):
    """ALTER TABLE DROP COLUMN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeType(ColumnAction):
    """ALTER COLUMN TYPE; `converts` when a USING says more than a cast of the column itself."""

    type: SqlType
    using: str = ""
    converts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDefault(ColumnAction):
    """ALTER COLUMN SET DEFAULT, or DROP DEFAULT when there is none."""

    default: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNotNull(ColumnAction):
    """ALTER COLUMN SET NOT NULL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropNotNull(ColumnAction):
    """ALTER COLUMN DROP NOT NULL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetExpression(ColumnAction):
    """ALTER COLUMN SET EXPRESSION, of a generated column."""

    expression: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddConstraint(TableAction):
    """ALTER TABLE ADD CONSTRAINT."""

    constraint: ConstraintFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateConstraint(TableAction):
    """ALTER TABLE VALIDATE CONSTRAINT."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropConstraint(TableAction):
    """ALTER TABLE DROP CONSTRAINT."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeStorage(TableAction):
    """ALTER TABLE SET LOGGED, SET UNLOGGED, SET TABLESPACE or SET ACCESS METHOD: `words` says which."""

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachPartition(TableAction):
    """ALTER TABLE DETACH PARTITION."""

    partition: str
    concurrently: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachPartition(TableAction):
    """ALTER TABLE ATTACH PARTITION."""

    partition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterTable(TableAction):
    """Any other ALTER TABLE; `exclusive` when it takes an ACCESS EXCLUSIVE lock."""

    exclusive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameColumn(ColumnAction):
    """ALTER TABLE RENAME COLUMN."""

    new_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameTable(TableAction):
    """ALTER TABLE RENAME TO, or SET SCHEMA."""

    new_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameConstraint(TableAction):
    """ALTER TABLE RENAME CONSTRAINT."""

    name: str
    new_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIndex(TableAction):
    """CREATE INDEX.

    Attributes:
        name: Its name; PostgreSQL's own choice is written as it would be for columns.
        keys: The columns, or the expressions in SQL.
        plain: Whether all keys are columns, in the default order and operator class, of a B-tree.
        unique: Whether it is UNIQUE.
        concurrently: Whether it is built without blocking writers.
        only: ON ONLY, which leaves the partitions alone.
        where: Its predicate in SQL, or empty.
        concurrent_sql: The same statement with CONCURRENTLY IF NOT EXISTS.
    """

    name: str
    keys: tuple[str, ...]
    plain: bool
    unique: bool
    concurrently: bool
    only: bool
    where: str
    concurrent_sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIndex(Action):
    """DROP INDEX, of one index."""

    name: str
    concurrently: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameIndex(Action):
    """ALTER INDEX RENAME."""

    name: str
    new_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reindex(Action):
    """REINDEX; `words` is what comes after it, such as `INDEX ix_users_email`."""

    words: str
    concurrently: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate(TableAction):
    """TRUNCATE, of one table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRows(TableAction):
    """INSERT, UPDATE, DELETE, MERGE or COPY FROM.

    Attributes:
        verb: Which of them.
        where: The condition in SQL, or empty.
        bounded: Whether the condition limits how many rows are changed at a time.
        compared: The columns that the condition compares with constants for equality.
        assignments: What comes after SET of an UPDATE.
        plain: Whether it names one table, and neither another one nor RETURNING.
    """

    verb: str
    where: str = ""
    bounded: bool = False
    compared: frozenset[str] = frozenset()
    assignments: str = ""
    plain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateEnum(Action):
    """CREATE TYPE AS ENUM."""

    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEnumValue(Action):
    """ALTER TYPE ADD VALUE."""

    type: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameEnumValue(Action):
    """ALTER TYPE RENAME VALUE."""

    type: str
    value: str
    new_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropType(Action):
    """DROP TYPE or DROP DOMAIN."""

    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSchema(Action):
    """DROP SCHEMA."""

    schema: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameSchema(Action):
    """ALTER SCHEMA RENAME."""

    schema: str
    new_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade(Action):
    """What a statement does on top when it says CASCADE; `without` is the statement without it."""

    without: str
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacuum(TableAction):
    """VACUUM, of one table, or of all when `table` is empty."""

    full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster(TableAction):
    """CLUSTER, of one table, or of all when `table` is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh(TableAction):
    """REFRESH MATERIALIZED VIEW."""

    concurrently: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTable(TableAction):
    """LOCK TABLE, in a mode such as `ACCESS EXCLUSIVE`."""

    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTrigger(TableAction):
    """CREATE TRIGGER."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTrigger(TableAction):
    """DROP TRIGGER, DROP RULE or DROP POLICY."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateFunction(Action):
    """CREATE FUNCTION."""

    name: str
    volatile: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVariable(Action):
    """SET, RESET, ALTER ROLE SET, set_config(): `value` is empty where the setting is taken back."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTransaction(Action):
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT and the like."""

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteText(Action):
    """EXECUTE of a text that PL/pgSQL puts together."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskDatabase(Action):
    """Code of a revision that needs a database's answer to go on."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotParse(Action):
    """Text that is no SQL of PostgreSQL, and what its parser says."""

    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Other(Action):
    """What no rule is about; `harmless` when it neither waits for a table's lock nor works on rows."""

    harmless: bool
