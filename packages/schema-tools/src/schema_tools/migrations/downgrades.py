"""What a downgrade would do, found out without running it: whether it is possible, and what data it would lose."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script
from sqlalchemy import Connection, Dialect, TableClause, cast, func, inspect, literal_column, select
from sqlalchemy.dialects.postgresql import REGCLASS

from schema_tools.foreign_connections import only
from schema_tools.migrations.concurrent_builds import folded
from schema_tools.migrations.log import TABLE, name_in

_NAME: Final = r'(?:"(?:[^"]|"")+"|\w[\w$]*)'
_TABLE: Final = rf"{_NAME}(?:\s*\.\s*{_NAME})?"
# A quoted name is found, too, and stays: what looks like a text or a comment in it is none.
_TEXTS: Final = re.compile(
    r"""\"(?:[^"]|"")*"|(?<![\w$])\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/""", re.DOTALL
)
_EMPTIED: Final = re.compile(
    rf"\s*(?:DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?|TRUNCATE\s+(?:TABLE\s+)?(?:ONLY\s+)?|DELETE\s+FROM\s+(?:ONLY\s+)?)"
    rf"(?P<tables>{_TABLE}(?:\s*,\s*{_TABLE})*)",
    re.IGNORECASE,
)
_ALTERED: Final = re.compile(
    rf"\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{_TABLE})(?P<actions>.*)", re.IGNORECASE | re.DOTALL
)
_DROPPED: Final = re.compile(
    rf"(?:^|,)\s*DROP\s+(?:COLUMN\s+)?(?:IF\s+EXISTS\s+)?(?!CONSTRAINT\b)(?P<column>{_NAME})", re.IGNORECASE
)
# What may take rows with it that it does not name.
_UNCLEAR: Final = re.compile(
    r"\s*(?:DO\b|CALL\b|SELECT\b|WITH\b|DROP\s+(?!TABLE\b).*\bCASCADE\b)", re.IGNORECASE | re.DOTALL
)
_RENAMED: Final = re.compile(r"\bRENAME\b", re.IGNORECASE)

_COUNTED_AT_MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Data that a downgrade would delete.

    `what` is the table, or the column as `table.column`, or why that is unknown; `count` is of rows, or of values that
    are not null, and None when it is unknown; `unit` is `row` or `value`.
    """

    what: str
    count: int | None = None
    unit: str = "row"

    def __str__(self) -> str:
        if self.count is None:
            return self.what
        number = f"over {_COUNTED_AT_MOST:,}" if self.count > _COUNTED_AT_MOST else f"{self.count:,}"
        return f"{self.what}: {number} {self.unit}{'' if self.count == 1 else 's'}"


def irreversible_reason(script: Script, dialect: Dialect) -> str | None:
    """Why a revision cannot be taken back, or None when it can.

    Its `downgrade` says so by `raise NotImplementedError("...")`. It is compiled for `dialect`, not run.
    """
    try:
        _statements(script, dialect)
    except Exception as error:  # noqa: BLE001 -- what else keeps it from being compiled is seen when it runs
        return stated_reason(error, script.path)
    return None


def stated_reason(error: BaseException, file: str) -> str | None:
    """The reason in a NotImplementedError that the revision in `file` raised; None for any other error."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    # Alembic raises NotImplementedError, too, for what SQLite cannot do.
    if not isinstance(error, NotImplementedError) or place is None or place.tb_frame.f_code.co_filename != file:
        return None
    return str(error) or "it gives no reason"


def losses(scripts: Iterable[Script], connection: Connection) -> list[Loss]:
    """The present data that taking back `scripts`, in their order, would lose.

    The downgrades are compiled, and their statements parsed for dropped and emptied tables that have rows, and dropped
    columns that have values. A downgrade that cannot be compiled, or has statements whose effect is unclear, is named
    itself when the database has any row; so is a table whose rows the role may not see.
    """
    found: dict[str, Loss] = {}
    unclear = []
    renamed = False
    for script in scripts:
        try:
            statements = [_TEXTS.sub(_blank, one) for one in _statements(script, connection.dialect)]
        except Exception:  # noqa: BLE001 -- a revision may ask the database, and SQLite's copies of tables do
            unclear.append(f"what revision {script.revision} drops, which cannot be told before it runs")
            continue
        renamed = renamed or any(map(_RENAMED.search, statements))
        for table, column in (one for statement in statements for one in _dropped(statement)):
            what = f"{_shown(table)}.{_shown(column)}" if column else _shown(table)
            if _hides_rows(connection, table):
                unclear.append(f"{what}, whose rows this role may not see (row-level security)")
                continue
            count = _count(connection, table, column)
            if count and _shown(table) not in found:
                found[what] = Loss(what=what, count=count, unit="value" if column else "row")
            elif count is None and renamed:
                unclear.append(f"{what}, which has another name now")
        if any(map(_UNCLEAR.match, statements)):
            unclear.append(f"what revision {script.revision} drops without naming it")
    if unclear and _has_rows(connection):
        return [*found.values(), *(Loss(what=one) for one in unclear)]
    return list(found.values())


def _statements(script: Script, dialect: Dialect) -> list[str]:
    """The statements of a downgrade, as Alembic compiles them without a database, with every percent sign once."""
    found: list[str] = []
    # Such a driver takes percent signs for parameters, so that SQLAlchemy doubles them.
    doubled = dialect.paramstyle in {"format", "pyformat"}
    context = MigrationContext.configure(dialect=dialect, opts={"as_sql": True, "literal_binds": True})
    context.impl.static_output = found.append  # type: ignore[method-assign, assignment]
    with only(None, Path(script.path).parent), Operations.context(context):
        script.module.downgrade()
    return [one.replace("%%", "%") for one in found] if doubled else found


def _blank(match: re.Match[str]) -> str:
    """Nothing in place of a comment, an empty literal in place of a literal; a quoted name as it is."""
    if match[0].startswith('"'):
        return match[0]
    return " " if match[0].startswith(("--", "/*")) else "''"


def _dropped(statement: str) -> list[tuple[str, str]]:
    """The tables that a statement drops or empties, each with "", and the columns that it drops."""
    if emptied := _EMPTIED.match(statement):
        return [(one, "") for one in re.findall(_TABLE, emptied["tables"])]
    if altered := _ALTERED.match(statement):
        return [(altered["table"], one["column"]) for one in _DROPPED.finditer(altered["actions"])]
    return []


def _count(connection: Connection, table: str, column: str) -> int | None:
    """How many rows a table has, or how many values a column; None when it is not there."""
    inspector = inspect(connection)
    *schema, name = (folded(one) for one in re.findall(_NAME, table))
    place: Any = {"schema": schema[0]} if schema else {}
    if not inspector.has_table(name, **place):
        return None
    if column and folded(column) not in {one["name"] for one in inspector.get_columns(name, **place)}:
        return None
    where = f" WHERE {column} IS NOT NULL" if column else ""
    counted = f"SELECT 1 FROM {table}{where} LIMIT {_COUNTED_AT_MOST + 1}"  # noqa: S608 -- the revision's own names
    statement = f"SELECT count(*) FROM ({counted}) AS counted"  # noqa: S608
    # As it is: a colon or a percent sign in a name is no parameter.
    return int(connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).scalar_one())


def _hides_rows(connection: Connection, table: str) -> bool:
    """Whether row-level security is active for the role, which would then count too few."""
    if connection.dialect.name != "postgresql":
        return False
    return bool(connection.scalar(select(func.row_security_active(cast(func.to_regclass(table), REGCLASS)))))


def _has_rows(connection: Connection) -> bool:
    """Whether any table has, as far as the role can tell."""
    names = set(inspect(connection).get_table_names()) - {"alembic_version", name_in(connection) or TABLE}
    if any(_hides_rows(connection, connection.dialect.identifier_preparer.quote(name)) for name in names):
        return True
    ours = [TableClause(name) for name in names]
    return any(connection.execute(select(literal_column("1")).select_from(one).limit(1)).first() for one in ours)


def _shown(name: str) -> str:
    return ".".join(re.findall(_NAME, name))
