"""Reading a database's catalog."""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import Connection

from schema_tools.catalog.comparing import differences
from schema_tools.catalog.objects import Catalog, Difference
from schema_tools.catalog.postgresql.meaning import in_other_words, may_be_other_words
from schema_tools.catalog.postgresql.reader import as_read, read_postgresql
from schema_tools.catalog.sqlite.reader import read_sqlite
from schema_tools.migrations.log import TABLE

_BOOKKEEPING: Final = frozenset({"alembic_version", TABLE})


def read_catalog(connection: Connection, *schemas: str | None, absent: bool = False) -> Catalog:
    """Everything that migrations make in a schema, or in several, in the catalog's own text.

    On PostgreSQL these are extensions (of which only a missing one is a difference), enums, composite types, domains,
    sequences, tables, columns, constraints, indexes, statistics, views, functions, procedures, triggers, rules and
    policies, with their comments. On SQLite they are tables, columns, constraints, indexes, triggers and views.

    Not read are owners and privileges, which differ from database to database on purpose; aggregates, operators,
    casts, collations, range types, text search, foreign tables, publications and event triggers; the order of columns,
    to which a migration can only append; the objects of extensions; and the bookkeeping of migrations.

    Args:
        connection: To the database; in a transaction that failed, nothing can be read.
        schemas: The schemas, by default the one that comes first on the search path, which None stands for. Where there
            are several, names have their schema before them. SQLite has one.
        absent: Whether a schema may be missing, in which case it is read as an empty one.

    Raises:
        SchemaToolsError: There is no such schema, and it may not be `absent`.
    """
    if connection.dialect.name == "sqlite":
        return read_sqlite(connection, _BOOKKEEPING)
    return read_postgresql(connection, schemas, _BOOKKEEPING, absent=absent)


def true_differences(
    connection: Connection,
    expected: Catalog,
    found: Catalog,
    *,
    schemas: Sequence[str | None] = (),
    invented: Collection[str] = (),
) -> list[Difference]:
    """`differences`, without those that only the words make, such as the defaults `now()` and `CURRENT_TIMESTAMP`.

    Args:
        connection: To the database in which `found` is; in a transaction, in which nothing is left.
        expected: The schema as it should be.
        found: The schema as it is.
        schemas: The schemas that were read.
        invented: The names of expected indexes for which any other name is as good.
    """
    differing = differences(expected, found, invented=invented)
    if connection.dialect.name != "postgresql" or not any(map(may_be_other_words, differing)):
        return differing
    with as_read(connection, schemas, absent=True):
        return [one for one in differing if not in_other_words(connection, one, expected)]
