"""What a statement does to indexes, views, types, schemas, functions and settings, in the terms of `actions`."""

from schema_tools.lint.actions import Action, TableAction


class NamedAction(Action):
    """Something done to an object that has no place in a table."""

    name: str


class CreateIndex(TableAction):
    """CREATE INDEX.

    Attributes:
        name: Its name; PostgreSQL's own choice is written as it would be for columns.
        keys: The columns, or the expressions in SQL.
        plain: Whether it is a B-tree over all rows, on columns in the default order and operator class.
        only: ON ONLY, which leaves the partitions alone.
        concurrent_sql: The same statement with CONCURRENTLY IF NOT EXISTS.
    """

    name: str
    keys: tuple[str, ...]
    plain: bool
    unique: bool
    concurrently: bool = False
    only: bool = False
    concurrent_sql: str = ""


class DropIndex(NamedAction):
    """DROP INDEX, of one index."""

    concurrently: bool


class RenameIndex(NamedAction):
    """ALTER INDEX RENAME."""

    new_name: str


class Reindex(Action):
    """REINDEX; `words` is what comes after it, such as `INDEX ix_members_email`."""

    words: str
    concurrently: bool


class CreateView(NamedAction):
    """CREATE VIEW."""


class DropView(NamedAction):
    """DROP VIEW, of one view."""


class CreateEnum(NamedAction):
    """CREATE TYPE AS ENUM."""


class AddEnumValue(NamedAction):
    """ALTER TYPE ADD VALUE."""

    value: str


class RenameEnumValue(NamedAction):
    """ALTER TYPE RENAME VALUE."""

    value: str
    new_value: str


class DropType(NamedAction):
    """DROP TYPE or DROP DOMAIN."""


class DropSchema(NamedAction):
    """DROP SCHEMA."""


class RenameSchema(NamedAction):
    """ALTER SCHEMA RENAME."""

    new_name: str


class CreateFunction(NamedAction):
    """CREATE FUNCTION."""

    volatile: bool


class SetVariable(NamedAction):
    """SET, RESET, ALTER ROLE SET, set_config(): `value` is empty where the setting is taken back."""

    value: str
