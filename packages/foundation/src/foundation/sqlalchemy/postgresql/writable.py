"""Whether a PostgreSQL server takes what the service writes."""

from typing import Any, Final

from sqlalchemy import ARRAY, MetaData, Text, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from foundation.kernel.errors import StorageUnavailable

_PROCESS: Final = select(func.pg_backend_pid())
_ROWS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
# PostgreSQL manual, 9.27 and 9.26.2.
_STATE: Final = text("""
    SELECT pg_is_in_recovery() AS standby,
           current_setting('default_transaction_read_only') = 'on' AS read_only,
           current_setting('server_encoding') AS encoding,
           current_schemas(false) = '{}' AS sees_nothing,
           (SELECT string_agg(one, '; ' ORDER BY one)
            FROM (SELECT privilege || ' on ' || string_agg(name, ', ' ORDER BY name) AS one
                  FROM unnest(:tables, :privileges) AS needed(name, privilege)
                  WHERE NOT has_table_privilege(to_regclass(name), privilege)
                  GROUP BY privilege) AS lacking) AS withheld
""").bindparams(bindparam("tables", type_=ARRAY(Text)), bindparam("privileges", type_=ARRAY(Text)))


async def check_direct(connection: AsyncConnection) -> None:
    """Raise `StorageUnavailable`, with a sentence for the operator, where a pooler is between here and the server.

    The server tells a session, when it begins, the process that serves it (PostgreSQL manual, 55.2.1). A pooler begins
    its own sessions, so it tells its clients a number that it made up. What only passes bytes on changes nothing.
    """
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if driver.info.backend_pid != await connection.scalar(_PROCESS):
        raise StorageUnavailable(
            "DATABASE_URL leads to a pooler, through which the time limits of sessions do not hold: set"
            " DATABASE_POOLER=transaction."
        )


async def check_postgresql(connection: AsyncConnection, metadata: MetaData) -> None:
    """Raise `StorageUnavailable`, with a sentence for the operator, where the database takes no writes.

    A table whose `info` has `privileges` needs these, and any other one all four on rows.
    """
    needed = [(name, one) for name, table in metadata.tables.items() for one in table.info.get("privileges", _ROWS)]
    tables, privileges = map(list, zip(*needed, strict=True))
    state: Any = (await connection.execute(_STATE, {"tables": tables, "privileges": privileges})).one()
    if state.standby or state.read_only:
        raise StorageUnavailable("The database takes no writes: it is a standby, or its role or database is read-only.")
    if state.encoding != "UTF8":
        raise StorageUnavailable(
            f"The database has the encoding {state.encoding}, which does not hold every name; create one with UTF8."
        )
    if state.sees_nothing:
        raise StorageUnavailable(
            "The role in DATABASE_URL may use no schema of its search_path: grant it USAGE, or correct the search_path."
        )
    if state.withheld:
        raise StorageUnavailable(
            f"The role in DATABASE_URL lacks {state.withheld}: grant it, as `fastapi-service db roles` does."
        )
