"""DDL that SQLAlchemy has no construct for, in the words of each database: the clock and the update trigger."""

from datetime import datetime
from typing import Final

from sqlalchemy import DDL, DateTime, FunctionElement, Table, event
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

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

_CHECK_TRIGGER_ON_SQLITE: Final = """\
CREATE TRIGGER {table}_check_times_on_{name} BEFORE {event} ON {table} FOR EACH ROW
WHEN NEW.created_at NOT GLOB '????-??-?? ??:??:??.??????' OR NEW.updated_at NOT GLOB '????-??-?? ??:??:??.??????'
BEGIN
  SELECT RAISE(ABORT, 'times in {table} are texts in UTC such as 2025-12-16 10:00:00.000000');
END"""


def timestamped(table: Table) -> Table:
    """Keep `table.updated_at` true for every writer: the triggers are created together with the table. Returns it.

    The update trigger fires when a row really changes and its writer left `updated_at` alone. It always moves it
    forward, by a microsecond at least, because `updated_at` is the token that lost updates are found by. SQLite has
    no comparison of whole rows, so there the trigger names the columns and changes when they do; `db-migrate` sees to
    that. SQLite has no type for times either, so there two more triggers refuse a text in another form, which
    would compare wrongly for ever.
    """
    changed = "\n  OR ".join(
        f"NEW.{column.name} IS NOT OLD.{column.name}" for column in table.columns if column.name != "updated_at"
    )
    statements = {
        "postgresql": [_TOUCH_FUNCTION, _TOUCH_TRIGGER_ON_POSTGRESQL.format(table=table.name)],
        "sqlite": [
            _TOUCH_TRIGGER_ON_SQLITE.format(table=table.name, changed=changed),
            *(
                _CHECK_TRIGGER_ON_SQLITE.format(table=table.name, name=statement.lower(), event=statement)
                for statement in ("INSERT", "UPDATE")
            ),
        ],
    }
    for dialect, texts in statements.items():
        for text in texts:
            # DDL() formats its text once more, so a percent sign is written twice.
            ddl = DDL(text.replace("%", "%%"))  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))
    return table
