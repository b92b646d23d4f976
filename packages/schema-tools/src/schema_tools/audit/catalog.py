"""Reading the catalog of a live database."""

from typing import Any, Final

from sqlalchemy import Connection, RowMapping, text

# What users have made: not of the system, and not of an extension.
_USER_TABLES: Final = """
WITH user_tables AS (
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
    """What a query finds that reads `user_tables`: rows of `pg_class` with `name` and `nspname`, of users' tables.

    They are tables, partitioned tables, partitions and materialized views. `name` is as SQL has it, with its schema
    where that is needed.
    """
    return rows(connection, _USER_TABLES + query, **parameters)
