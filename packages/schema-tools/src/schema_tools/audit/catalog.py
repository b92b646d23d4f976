"""Reading the catalog of a live database."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, RowMapping, text

from schema_tools.findings import Finding, Group

# Neither the system's nor an extension's.
_OWN_TABLES: Final = {
    "postgresql": """
WITH own_tables AS (
    SELECT c.*, n.nspname, c.oid::regclass::text COLLATE "C" AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend e
                      WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
)
""",
    "sqlite": """
WITH own_tables AS (SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*')
""",
}


def rows(connection: Connection, query: str, **parameters: Any) -> list[RowMapping]:
    """What a query finds, which may read `own_tables`: those that are neither the system's nor an extension's.

    On PostgreSQL they are tables, partitioned tables, partitions and materialized views, in rows of `pg_class` with
    `nspname` and `name`, which is as SQL has it, with its schema where that is needed, and which sorts alike whatever
    the locale. On SQLite they have a `name`.
    """
    return list(connection.execute(text(_OWN_TABLES[connection.dialect.name] + query), parameters).mappings())


class Check(NamedTuple):
    """A query for `rows`, and the finding for each row: texts with the names of its columns in braces."""

    rule: str
    place: str
    message: str
    why: str
    fix: str
    query: str
    group: Group = Group.SAFETY


def found_by(connection: Connection, checks: Iterable[Check], **parameters: Any) -> Iterator[Finding]:
    """What the checks find, whose queries may use the parameters."""
    for check in checks:
        texts = check._asdict()
        query, group = texts.pop("query"), texts.pop("group")
        for row in rows(connection, query, **parameters):
            yield Finding(**{name: words.format_map(row) for name, words in texts.items()}, group=group)
