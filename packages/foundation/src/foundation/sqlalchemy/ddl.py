"""DDL that SQLAlchemy has no construct for, in the words of each database: the clock, and what keeps times true."""

from datetime import datetime
from typing import Final

from sqlalchemy import DDL, CheckConstraint, DateTime, FunctionElement, LargeBinary, Table, event
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from foundation.sqlalchemy.types import UtcDateTime

# SQLite compares times as text, so every writer must use the one format, with six fractional digits.
# Its clock has milliseconds (https://www.sqlite.org/lang_datefunc.html).
SQLITE_NOW: Final = "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"


class utc_now(FunctionElement[datetime]):  # noqa: N801 -- reads as the SQL function it is
    """The database's own clock, as a column default."""

    type = DateTime(timezone=True)
    inherit_cache = True


@compiles(utc_now, "postgresql")
def _utc_now_on_postgresql(_element: utc_now, _compiler: SQLCompiler, **_kw: object) -> str:
    return "now()"


@compiles(utc_now, "sqlite")
def _utc_now_on_sqlite(_element: utc_now, _compiler: SQLCompiler, **_kw: object) -> str:
    return SQLITE_NOW


_TOUCH_FUNCTION: Final = """\
CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := greatest(now(), OLD.updated_at + interval '1 microsecond');
  RETURN NEW;
END
$$"""

_TOUCH_TRIGGER_ON_POSTGRESQL: Final = """\
CREATE TRIGGER {table}_touch_updated_at BEFORE UPDATE ON {table} FOR EACH ROW
WHEN (OLD.* IS DISTINCT FROM NEW.* AND OLD.updated_at IS NOT DISTINCT FROM NEW.updated_at)
EXECUTE FUNCTION touch_updated_at()"""

_TOUCH_TRIGGER_ON_SQLITE: Final = """\
CREATE TRIGGER {table}_touch_updated_at AFTER UPDATE ON {table} FOR EACH ROW
WHEN NEW.updated_at IS OLD.updated_at AND (
  {changed}
)
BEGIN
  UPDATE {table} SET updated_at = max(
    strftime('%Y-%m-%d %H:%M:%f', 'now') || '000',
    CASE WHEN substr(OLD.updated_at, 21) = '999999'
      THEN strftime('%Y-%m-%d %H:%M:%S', substr(OLD.updated_at, 1, 19), '+1 second') || '.000000'
      ELSE substr(OLD.updated_at, 1, 20) || printf('%06d', substr(OLD.updated_at, 21) + 1)
    END
  ) WHERE rowid = NEW.rowid;
END"""

_TIMESTAMPS: Final = ("created_at", "updated_at")

# Neither infinity nor a year that `datetime` lacks (PostgreSQL manual, 8.5).
_READABLE_ON_POSTGRESQL: Final = "{column} >= '0001-01-01 00:00:00+00' AND {column} < '10000-01-01 00:00:00+00'"

# A modifier makes datetime() turn a date that the calendar lacks into another (https://www.sqlite.org/lang_datefunc.html).
_UNREADABLE_ON_SQLITE: Final = """\
NEW.{column} IS NOT NULL AND (
  typeof(NEW.{column}) <> 'text' OR NEW.{column} < '0001'
  OR substr(NEW.{column}, 1, 19) IS NOT datetime(substr(NEW.{column}, 1, 19), '+0 days')
  OR substr(NEW.{column}, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)"""

_CHECK_TRIGGER_ON_SQLITE: Final = """\
CREATE TRIGGER {table}_check_values_on_{name} BEFORE {event} ON {table} FOR EACH ROW
WHEN {unreadable}
BEGIN
  SELECT RAISE(ABORT, '{table} has no BLOBs, and times in UTC such as 2025-12-16 10:00:00.000000');
END"""


def readable(table: Table) -> Table:
    """Have the database refuse values that the service could not read, which only plain SQL writes. Returns the table.

    These are times that a `datetime` cannot be. On PostgreSQL CHECK constraints refuse them, one for the timestamps and
    one for each other column. SQLite keeps values of any type in any column, and could add a CHECK only by copying the
    table: there two triggers refuse BLOBs, and times in another form, which would compare wrongly for ever.
    """
    times = [column.name for column in table.columns if isinstance(column.type, UtcDateTime)]
    timestamps = [name for name in times if name in _TIMESTAMPS]
    for subject, names in {"timestamps": timestamps, **{name: [name] for name in times}}.items():
        if names and subject not in _TIMESTAMPS:
            condition = " AND ".join(_READABLE_ON_POSTGRESQL.format(column=name) for name in names)
            check = CheckConstraint(condition, name=subject)
            table.append_constraint(check.ddl_if(dialect="postgresql"))
    others = [one.name for one in table.columns if one.name not in times and not isinstance(one.type, LargeBinary)]
    conditions = [
        *(f"typeof(NEW.{name}) = 'blob'" for name in others),
        *(_UNREADABLE_ON_SQLITE.format(column=name) for name in times),
    ]
    for statement in ("INSERT", "UPDATE"):
        trigger = _CHECK_TRIGGER_ON_SQLITE.format(
            table=table.name, name=statement.lower(), event=statement, unreadable="\nOR ".join(conditions)
        )
        create_with(table, "sqlite", trigger)
    return table


def timestamped(table: Table) -> Table:
    """Keep `table.updated_at` true for every writer, and its values readable. Returns the table.

    The triggers are created together with the table. That of `updated_at` fires when a row really changes and its
    writer left `updated_at` alone. It always moves it forward, by a microsecond at least, because `updated_at` is the
    token that lost updates are found by. SQLite has no comparison of whole rows, so there the trigger names the
    columns and changes when they do; `db-migrate` sees to that.
    """
    changed = "\n  OR ".join(
        f"NEW.{column.name} IS NOT OLD.{column.name}" for column in table.columns if column.name != "updated_at"
    )
    for trigger in (_TOUCH_FUNCTION, _TOUCH_TRIGGER_ON_POSTGRESQL.format(table=table.name)):
        create_with(table, "postgresql", trigger)
    create_with(table, "sqlite", _TOUCH_TRIGGER_ON_SQLITE.format(table=table.name, changed=changed))
    return readable(table)


_REFUSE_FUNCTION: Final = """\
CREATE OR REPLACE FUNCTION refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$"""

_REFUSE_TRIGGER_ON_POSTGRESQL: Final = """\
CREATE TRIGGER {table}_refuse_update BEFORE UPDATE ON {table} FOR EACH ROW
EXECUTE FUNCTION refuse_update()"""

_REFUSE_TRIGGER_ON_SQLITE: Final = """\
CREATE TRIGGER {table}_refuse_update BEFORE UPDATE ON {table} FOR EACH ROW
BEGIN
  SELECT RAISE(ABORT, 'the rows of {table} are never changed');
END"""


def append_only(table: Table) -> Table:
    """Have the database refuse every UPDATE of the table. Returns the table."""
    for trigger in (_REFUSE_FUNCTION, _REFUSE_TRIGGER_ON_POSTGRESQL.format(table=table.name)):
        create_with(table, "postgresql", trigger)
    create_with(table, "sqlite", _REFUSE_TRIGGER_ON_SQLITE.format(table=table.name))
    return table


def create_with(table: Table, dialect: str, text: str) -> None:
    """Execute the statement after the table is created, on that database."""
    # DDL() formats its text once more, so a percent sign is written twice.
    ddl = DDL(text.replace("%", "%%"))  # type: ignore[no-untyped-call]
    event.listen(table, "after_create", ddl.execute_if(dialect=dialect))
