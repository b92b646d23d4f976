"""What the application's role may do with each table, as the tables declare it."""

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, MetaData

from schema_tools.errors import SchemaToolsError
from schema_tools.project import LOG_TABLE

KEY: Final = "privileges"
"""A table says in `Table.info` under this key which of `ROWS` the application needs, where it does not need all."""

ROWS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
"""What may be done with rows. TRUNCATE is left out: no trigger for rows sees it, and it takes the whole table."""

OF_MIGRATIONS: Final = ("alembic_version", LOG_TABLE)
"""The application asks which revision the database is at; only migrations write it."""


def schemas(metadata: MetaData) -> list[str]:
    """The schemas that the tables are in; those without one are in `public`."""
    return sorted({table.schema or "public" for table in metadata.tables.values()} or {metadata.schema or "public"})


def declared_privileges(metadata: MetaData) -> Mapping[tuple[str | None, str], tuple[str, ...]]:
    """The privileges that the application's role needs, by schema (None for the search path) and name of the table.

    The tables in which migrations are recorded are among them.

    Raises:
        SchemaToolsError: A table declares something else than privileges on rows.
    """
    found: dict[tuple[str | None, str], tuple[str, ...]] = {(None, name): ("SELECT",) for name in OF_MIGRATIONS}
    for table in metadata.tables.values():
        privileges = tuple(table.info.get(KEY, ROWS))
        if not privileges or not set(privileges) <= set(ROWS):
            raise SchemaToolsError(f"info[{KEY!r}] of the table {table.fullname} must be some of {', '.join(ROWS)}")
        found[table.schema, table.name] = privileges
    return found


def as_parameter(metadata: MetaData, connection: Connection) -> str:
    """The declared privileges as JSON, for a query: an array of them for each table, by its name as SQL has it."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    names = {
        ".".join(quote(part) for part in place if part): privileges
        for place, privileges in declared_privileges(metadata).items()
    }
    held = {name: privileges for name, privileges in names.items() if _can_be_in(connection, name)}
    # Where the encoding is not UTF-8, PostgreSQL takes no escapes for what is not ASCII.
    return json.dumps(held, ensure_ascii=False)


def _can_be_in(connection: Connection, name: str) -> bool:
    """Whether the encoding of the database has every character of a name, as far as Python knows that encoding."""
    driver: Any = connection.connection.driver_connection
    encoding = driver.info.parameter_status("server_encoding") or "UTF8"
    try:
        name.encode("utf-8" if encoding == "SQL_ASCII" else encoding.replace("WIN", "cp"))
    except UnicodeEncodeError:
        return False
    except LookupError:
        return True
    return True
