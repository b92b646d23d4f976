"""What Alembic's batch mode forgets when it copies a SQLite table: that ids are counted, and how far."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Table, event, text

COPY_PREFIX: Final = "_alembic_tmp_"


@contextmanager
def counting_goes_on() -> Iterator[None]:
    """Meanwhile, a copy that a batch operation makes of an AUTOINCREMENT table goes on counting where it stopped.

    SQLite cannot alter most of a table, so Alembic creates `_alembic_tmp_<table>`, copies the rows, drops the
    table and renames the copy. The reflected table lacks the AUTOINCREMENT keyword, and the counter in
    `sqlite_sequence` would go with the old table: the id of a deleted row would be given out again. A counter put
    there under the copy's name is taken up by the copy and renamed with it (https://www.sqlite.org/autoinc.html).
    """
    event.listen(Table, "before_create", _count_on)
    try:
        yield
    finally:
        event.remove(Table, "before_create", _count_on)


def _count_on(table: Table, connection: Connection, **_kw: object) -> None:
    if connection.dialect.name != "sqlite" or not table.name.startswith(COPY_PREFIX):
        return
    original = table.name.removeprefix(COPY_PREFIX)
    statement = connection.execute(
        text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"), {"name": original}
    ).scalar()
    if statement is None or "AUTOINCREMENT" not in statement.upper():
        return
    table.dialect_options["sqlite"]["autoincrement"] = True
    connection.execute(
        text("INSERT INTO sqlite_sequence (name, seq) SELECT :copy, seq FROM sqlite_sequence WHERE name = :name"),
        {"copy": table.name, "name": original},
    )
