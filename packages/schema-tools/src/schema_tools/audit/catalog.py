"""Reading the catalog of a live database."""

from typing import Any, Final

from sqlalchemy import Connection, RowMapping, text

# Neither the system's nor an extension's.
_OWN_TABLES: Final = """
WITH own_tables AS (
    SELECT c.*, n.nspname, c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend e
                      WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
)
"""


def rows(connection: Connection, query: str, **parameters: Any) -> list[RowMapping]:
    """What a query finds."""
    return list(connection.execute(text(query), parameters).mappings())


def rows_of_tables(connection: Connection, query: str, **parameters: Any) -> list[RowMapping]:
    """What a query finds that reads `own_tables`: rows of `pg_class` with `name` and `nspname`.

    They are tables, partitioned tables, partitions and materialized views, without those of the system and of
    extensions. `name` is as SQL has it, with its schema where that is needed.
    """
    return rows(connection, _OWN_TABLES + query, **parameters)
