"""The table in which a database keeps what was done to it: which revision, up or down, when, and how long it took."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Column, Connection

from schema_tools.errors import SchemaToolsError
from schema_tools.project import LOG_TABLE

TABLE: Final = LOG_TABLE
"""The usual name. Beside `alembic_version`, and like that no part of the schema: comparisons leave it out by name."""

_FORMER: Final = "migration_log"


@cache
def _log(name: str) -> sa.Table:
    return sa.Table(
        name,
        sa.MetaData(),
        Column("id", sa.Integer, sa.Identity(), primary_key=True),
        Column("revision", sa.Text, nullable=False),
        Column("direction", sa.Text, nullable=False),
        Column("checksum", sa.Text, nullable=False),
        Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        Column("duration_ms", sa.BigInteger, nullable=False),
    )


def is_of_schema(name: str | None, kind: str, _parents: object = None, *, table: str = TABLE) -> bool:
    """Whether `name` is part of the schema, for comparisons: Alembic's `include_name`. The table of steps is not."""
    return not (kind == "table" and name == table)


def name_in(connection: Connection, table: str = TABLE) -> str | None:
    """The name that the table of steps has in a database: `table`, or the former one; None where there is none.

    A table of the former name that has other columns is one of the project.
    """
    inspector = sa.inspect(connection)
    if inspector.has_table(table):
        return table
    if not inspector.has_table(_FORMER):
        return None
    columns = {column["name"] for column in inspector.get_columns(_FORMER)}
    return _FORMER if columns == set(_log(table).columns.keys()) else None


def take_over(connection: Connection, table: str = TABLE) -> None:
    """Give the table of steps its present name, where it has the former one."""
    if name_in(connection, table) == _FORMER != table:
        quote = connection.dialect.identifier_preparer.quote
        connection.execute(sa.text(f"ALTER TABLE {_FORMER} RENAME TO {quote(table)}"))
        connection.commit()


class Direction(StrEnum):
    """What was done with a revision."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    STAMP = "stamp"
    """Alembic's `stamp` command said that the database is at the revision, without running anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The last step of a revision: `checksum` is chained, `finished_at` is in UTC, `took` is the time at work."""

    direction: Direction
    checksum: str
    finished_at: datetime
    took: timedelta


def record(
    connection: Connection, revision: str, direction: Direction, checksum: str, took: timedelta, *, table: str = TABLE
) -> None:
    """Write a record in the transaction of `connection`; the table is created when it is missing."""
    _log(table).create(connection, checkfirst=True)
    values = {"revision": revision, "direction": direction.value, "checksum": checksum}
    duration = round(took / timedelta(milliseconds=1))
    connection.execute(_log(table).insert().values(**values, finished_at=datetime.now(UTC), duration_ms=duration))


def last_records(connection: Connection, table: str = TABLE) -> Mapping[str, Record]:
    """The last record of each revision by its identifier, the oldest first; none where there is no table of them.

    Raises:
        SchemaToolsError: It has a row that is not a valid record.
    """
    name = name_in(connection, table)
    if name is None:
        return {}
    log = _log(name)
    found: dict[str, Record] = {}
    try:
        for row in connection.execute(sa.select(log).order_by(log.c.id)):
            found.pop(row.revision, None)
            finished = row.finished_at
            found[row.revision] = Record(
                direction=Direction(row.direction),
                checksum=row.checksum,
                # SQLite keeps no zone.
                finished_at=finished.replace(tzinfo=UTC) if finished.tzinfo is None else finished.astimezone(UTC),
                took=timedelta(milliseconds=row.duration_ms),
            )
    except ValueError as error:
        message = f"a row of {name} is not as these tools write it: {error}; correct or delete it"
        raise SchemaToolsError(message) from None
    return found
