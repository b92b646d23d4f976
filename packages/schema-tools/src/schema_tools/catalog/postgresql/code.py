"""Code that the database runs: functions, procedures, triggers, rules."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.postgresql.found import Found, catalog_object
from schema_tools.catalog.statements import joined

# The definition always names the schema, which is taken off it. Extensions have functions by the hundred: they are left
# out before they are worded, which is what takes long.
_FUNCTIONS: Final = """
SELECT p.oid, quote_ident(p.proname) AS name, pg_get_function_identity_arguments(p.oid) AS arguments,
       lower(head.word) AS kind, de.description AS comment,
       format('CREATE OR REPLACE %s ', head.word)
         || substr(pg_get_functiondef(p.oid), length(format('CREATE OR REPLACE %s %I.', head.word, n.nspname)) + 1)
       AS definition
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL (SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS word) AS head
LEFT JOIN pg_description de ON de.classoid = 'pg_proc'::regclass AND de.objoid = p.oid
WHERE n.oid = :namespace AND p.prokind IN ('f', 'p', 'w')
  AND NOT EXISTS (
    SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e'
  )
ORDER BY p.proname, arguments
"""

# Those of constraints are internal, and those of partitions are their parent's.
_TRIGGERS: Final = """
SELECT t.oid, quote_ident(t.tgname) AS name, t.tgrelid::regclass::text AS "table",
       pg_get_triggerdef(t.oid, true) AS definition, t.tgenabled::text AS enabled, de.description AS comment
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
LEFT JOIN pg_description de ON de.classoid = 'pg_trigger'::regclass AND de.objoid = t.oid
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND c.relnamespace = :namespace
ORDER BY c.relname, t.tgname
"""

_RULES: Final = """
SELECT r.oid, quote_ident(r.rulename) AS name, r.ev_class::regclass::text AS "table",
       rtrim(pg_get_ruledef(r.oid, true), ';') AS definition, r.ev_enabled::text AS enabled,
       de.description AS comment
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
LEFT JOIN pg_description de ON de.classoid = 'pg_rewrite'::regclass AND de.objoid = r.oid
WHERE r.rulename <> '_RETURN' AND c.relnamespace = :namespace
ORDER BY c.relname, r.rulename
"""

# https://www.postgresql.org/docs/current/catalog-pg-trigger.html
_ENABLED: Final = {"O": "yes", "D": "no", "R": "on a replica only", "A": "always"}
_ENABLE: Final = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


def functions(connection: Connection, namespace: int) -> Iterator[Found]:
    """The functions and procedures of a schema, without aggregates and those of extensions."""
    for row in connection.execute(text(_FUNCTIONS), {"namespace": namespace}).all():
        name = f"{row.name}({row.arguments})"
        definition = {"definition": row.definition.strip()}
        made = catalog_object(
            row.kind, f"{row.kind.upper()} {name}", row, definition["definition"],
            aspects=definition, alter=definition, name=name,
        )  # fmt: skip
        yield Found(("pg_proc", row.oid, 0), made)


def triggers(connection: Connection, namespace: int) -> Iterator[Found]:
    """The triggers of a schema's tables and views."""
    for row in connection.execute(text(_TRIGGERS), {"namespace": namespace}).all():
        yield Found(("pg_trigger", row.oid, 0), _attached(row, "trigger"))


def rules(connection: Connection, namespace: int) -> Iterator[Found]:
    """The rules of a schema's tables, but those that make a view."""
    for row in connection.execute(text(_RULES), {"namespace": namespace}).all():
        yield Found(("pg_rewrite", row.oid, 0), _attached(row, "rule"))


def _attached(row: Row[Any], kind: str) -> CatalogObject:
    enable = f"ALTER TABLE {row.table} {_ENABLE[row.enabled]} {kind.upper()} {row.name}"
    return catalog_object(
        kind,
        f"{kind.upper()} {row.name} ON {row.table}",
        row,
        joined(row.definition, "" if row.enabled == "O" else enable),
        aspects={"definition": row.definition, "enabled": _ENABLED[row.enabled]},
        alter={"enabled": enable},
        of_table=True,
    )
