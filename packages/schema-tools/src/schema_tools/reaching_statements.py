"""Statements by which a PostgreSQL server itself reaches another database, or the machine that it runs on."""

import re
from typing import Any, Final

_DEFINITION: Final = re.compile(
    r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE|(?:CONSTRAINT\s+)?TRIGGER|RULE|VIEW)\b", re.IGNORECASE
)
_BLOCK: Final = re.compile(r"\s*DO\b", re.IGNORECASE)
_SAID: Final = re.compile(r"'(?:[^']|'')*'|(\$\w*\$).*?\1|--[^\n]*|/\*.*?\*/", re.DOTALL)
_REACHING: Final = re.compile(
    r"\b(?P<copy>COPY\b[^;]*?\b(?:FROM|TO)\s+PROGRAM)\b"
    r"|\b(?P<dblink>dblink(?:_\w+)?)\s*\("
    r"|\b(?P<subscription>CREATE\s+SUBSCRIPTION)\b"
    r"|\b(?P<foreign>IMPORT\s+FOREIGN\s+SCHEMA)\b",
    re.IGNORECASE,
)
_SERVER: Final = re.compile(r"\b(?:CREATE|ALTER)\s+SERVER\b", re.IGNORECASE)

# Options of libpq, which these wrappers take: https://www.postgresql.org/docs/current/postgres-fdw.html
_TO_NOWHERE: Final = """
DO $$
DECLARE
  server record;
BEGIN
  FOR server IN
    SELECT s.srvname, o.options FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw,
         LATERAL (SELECT coalesce(array_agg(split_part(o, '=', 1)), '{}') AS options FROM unnest(s.srvoptions) o) o
    WHERE w.fdwname IN ('postgres_fdw', 'dblink_fdw')
  LOOP
    EXECUTE format(
      'ALTER SERVER %I OPTIONS (%s host ''/nowhere'' %s)', server.srvname,
      CASE WHEN 'host' = ANY (server.options) THEN 'SET' ELSE 'ADD' END,
      CASE WHEN 'hostaddr' = ANY (server.options) THEN ', DROP hostaddr' ELSE '' END
    );
  END LOOP;
END $$
"""


def reaching(statement: str) -> str:
    """What in a statement makes the server reach beyond its database when it is executed; empty for nothing."""
    if _DEFINITION.match(statement):
        return ""
    # What a text or a comment says is not executed, but for a block.
    executed = statement if _BLOCK.match(statement) else _SAID.sub("''", statement)
    if found := _REACHING.search(executed):
        names = {"copy": "COPY ... PROGRAM", "subscription": "CREATE SUBSCRIPTION", "foreign": "IMPORT FOREIGN SCHEMA"}
        return names.get(str(found.lastgroup), found[found.lastgroup or 0])
    return ""


def lead_servers_nowhere(cursor: Any, statement: str) -> None:
    """After a statement that made or changed a foreign server, have each lead to no database.

    Its foreign tables are there, and cannot be read or written.
    """
    if _SERVER.search(statement):
        cursor.connection.execute(_TO_NOWHERE)
