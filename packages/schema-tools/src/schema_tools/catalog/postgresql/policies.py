"""Row security policies, and extended statistics: what else belongs to a table."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, text

from schema_tools.catalog.postgresql.found import Found, catalog_object
from schema_tools.catalog.statements import joined

_POLICIES: Final = """
SELECT p.oid, quote_ident(p.polname) AS name, p.polrelid::regclass::text AS "table", p.polpermissive AS permissive,
       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
       ELSE 'ALL' END AS command, pg_get_expr(p.polqual, p.polrelid) AS using,
       pg_get_expr(p.polwithcheck, p.polrelid) AS with_check, de.description AS comment,
       (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' ORDER BY r)
        FROM unnest(p.polroles) AS r) AS roles
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
LEFT JOIN pg_description de ON de.classoid = 'pg_policy'::regclass AND de.objoid = p.oid
WHERE c.relnamespace = :namespace
ORDER BY c.relname, p.polname
"""

_STATISTICS: Final = """
SELECT s.oid, quote_ident(s.stxname) AS name, s.stxrelid::regclass::text AS "table",
       nullif(s.stxstattarget, -1) AS target, de.description AS comment,
       split_part(pg_get_statisticsobjdef(s.oid),
                  format('CREATE STATISTICS %I.%I ', s.stxnamespace::regnamespace::name, s.stxname), 2) AS definition
FROM pg_statistic_ext s JOIN pg_class c ON c.oid = s.stxrelid
LEFT JOIN pg_description de ON de.classoid = 'pg_statistic_ext'::regclass AND de.objoid = s.oid
WHERE s.stxnamespace = :namespace
ORDER BY c.relname, s.stxname
"""


def policies(connection: Connection, namespace: int) -> Iterator[Found]:
    """The row security policies of a schema's tables."""
    for row in connection.execute(text(_POLICIES), {"namespace": namespace}).all():
        target = f"POLICY {row.name} ON {row.table}"
        clauses = {
            "roles": f"TO {row.roles}",
            "using": f"USING ({row.using})" if row.using else "",
            "with check": f"WITH CHECK ({row.with_check})" if row.with_check else "",
        }
        head = f"CREATE {target} AS {'PERMISSIVE' if row.permissive else 'RESTRICTIVE'} FOR {row.command}"
        made = catalog_object(
            "policy",
            target,
            row,
            " ".join([head, *(one for one in clauses.values() if one)]),
            aspects={
                "command": row.command,
                "permissive": row.permissive,
                "roles": row.roles,
                "using": row.using,
                "with check": row.with_check,
            },
            # A clause that is gone cannot be taken away by ALTER POLICY.
            alter={aspect: f"ALTER {target} {clause}" for aspect, clause in clauses.items() if clause},
            of_table=True,
            rename=f"ALTER {target} RENAME TO",
        )
        yield Found(("pg_policy", row.oid, 0), made)


def statistics(connection: Connection, namespace: int) -> Iterator[Found]:
    """The extended statistics of a schema."""
    for row in connection.execute(text(_STATISTICS), {"namespace": namespace}).all():
        target = f"STATISTICS {row.name}"
        sample = f"ALTER {target} SET STATISTICS {-1 if row.target is None else row.target}"
        made = catalog_object(
            "statistics",
            target,
            row,
            joined(f"CREATE {target} {row.definition}", "" if row.target is None else sample),
            aspects={"definition": row.definition, "target": row.target},
            alter={"target": sample},
            of_table=True,
            rename=f"ALTER {target} RENAME TO",
        )
        yield Found(("pg_statistic_ext", row.oid, 0), made)
