"""Code that the database runs, functions, procedures, triggers and rules; and the policies and statistics of tables."""

from typing import Any, Final

from sqlalchemy import Row

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.postgresql.found import Aspect, Source, catalog_object, clauses

# The definition always names the schema, which is taken off it. Extensions have functions by the hundred: they are left
# out before they are worded, which is what takes long.
_FUNCTIONS: Final = """
SELECT p.oid, :prefix || format('%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) AS name,
       lower(head.word COLLATE "C") AS kind,  -- not as the locale of the database has it
       obj_description(p.oid, 'pg_proc') AS comment,
       format('CREATE OR REPLACE %s ', head.word) || :prefix
         || substr(pg_get_functiondef(p.oid), length(format('CREATE OR REPLACE %s %I.', head.word, n.nspname)) + 1)
       AS definition
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL (SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS word) AS head
WHERE n.oid = :namespace AND p.prokind IN ('f', 'p', 'w')
  AND NOT EXISTS (
    SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e'
  )
"""

# Those of constraints are internal, and those of partitions are their parent's.
_TRIGGERS: Final = """
SELECT t.oid, 'trigger' AS kind, quote_ident(t.tgname) AS name, t.tgrelid::regclass::text AS "table",
       pg_get_triggerdef(t.oid, true) AS definition, t.tgenabled::text AS enabled,
       obj_description(t.oid, 'pg_trigger') AS comment
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND c.relnamespace = :namespace
"""

# All but those that make a view.
_RULES: Final = """
SELECT r.oid, 'rule' AS kind, quote_ident(r.rulename) AS name, r.ev_class::regclass::text AS "table",
       rtrim(pg_get_ruledef(r.oid, true), ';') AS definition, r.ev_enabled::text AS enabled,
       obj_description(r.oid, 'pg_rewrite') AS comment
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
WHERE r.rulename <> '_RETURN' AND c.relnamespace = :namespace
"""

_POLICIES: Final = """
SELECT p.oid, quote_ident(p.polname) AS name, p.polrelid::regclass::text AS "table", p.polpermissive AS permissive,
       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
       ELSE 'ALL' END AS command, pg_get_expr(p.polqual, p.polrelid) AS using,
       pg_get_expr(p.polwithcheck, p.polrelid) AS with_check, obj_description(p.oid, 'pg_policy') AS comment,
       (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' ORDER BY r)
        FROM unnest(p.polroles) AS r) AS roles
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = :namespace
"""

_STATISTICS: Final = """
SELECT s.oid, quote_ident(s.stxname) AS name, :prefix || quote_ident(s.stxname) AS path,
       s.stxrelid::regclass::text AS "table",
       nullif(s.stxstattarget, -1) AS target, obj_description(s.oid, 'pg_statistic_ext') AS comment,
       split_part(pg_get_statisticsobjdef(s.oid),
                  format('CREATE STATISTICS %s.%I ', s.stxnamespace::regnamespace, s.stxname), 2) AS definition
FROM pg_statistic_ext s WHERE s.stxnamespace = :namespace
"""

# The word for each state, and that of ALTER TABLE: https://www.postgresql.org/docs/current/catalog-pg-trigger.html
_ENABLED: Final = {
    "O": ("yes", "ENABLE"),
    "D": ("no", "DISABLE"),
    "R": ("on a replica only", "ENABLE REPLICA"),
    "A": ("always", "ENABLE ALWAYS"),
}


def _function(row: Row[Any]) -> CatalogObject:
    definition = row.definition.strip()
    target = f"{row.kind.upper()} {row.name}"
    return catalog_object(row, row.kind, target, definition, {"definition": Aspect(definition, definition)})


def _trigger_or_rule(row: Row[Any]) -> CatalogObject:
    this = f"{row.kind.upper()} {row.name}"
    state, enable = _ENABLED[row.enabled]
    alter = f"ALTER TABLE {row.table} {enable} {this}"
    aspects = {"definition": row.definition, "enabled": Aspect(state, alter, follows=state != "yes")}
    return catalog_object(row, row.kind, f"{this} ON {row.table}", row.definition, aspects)


def _policy(row: Row[Any]) -> CatalogObject:
    target = f"POLICY {row.name} ON {row.table}"
    aspects = {"command": row.command, "permissive": row.permissive}
    head = f"CREATE {target} AS {'PERMISSIVE' if row.permissive else 'RESTRICTIVE'} FOR {row.command}"
    parts = {
        "roles": ("TO {}", row.roles),
        "using": ("USING ({})", row.using),
        "with check": ("WITH CHECK ({})", row.with_check),
    }
    for aspect, part in parts.items():
        # A clause that is gone cannot be taken away by ALTER POLICY.
        aspects[aspect] = Aspect(part[1], f"ALTER {target}{clauses(part)}" if part[1] else None)
    create = head + clauses(*parts.values())
    return catalog_object(row, "policy", target, create, aspects, rename=f"ALTER {target} RENAME TO")


def _statistics(row: Row[Any]) -> CatalogObject:
    target = f"STATISTICS {row.path}"
    sample = f"ALTER {target} SET STATISTICS {-1 if row.target is None else row.target}"
    aspects = {"definition": row.definition, "target": Aspect(row.target, sample, follows=True)}
    create = f"CREATE {target} {row.definition}"
    return catalog_object(row, "statistics", target, create, aspects, rename=f"ALTER {target} RENAME TO")


ATTACHED: Final = (
    Source("pg_proc", _FUNCTIONS, _function),
    Source("pg_trigger", _TRIGGERS, _trigger_or_rule),
    Source("pg_rewrite", _RULES, _trigger_or_rule),
    Source("pg_policy", _POLICIES, _policy),
    Source("pg_statistic_ext", _STATISTICS, _statistics),
)
