"""Tables, constraints and triggers that do not do what they look like."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import Connection

from schema_tools.audit.catalog import rows_of_tables
from schema_tools.findings import Finding


class _Check(NamedTuple):
    """A query, and the finding for each of its rows: texts with the names of its columns in braces."""

    rule: str
    place: str
    message: str
    why: str
    fix: str
    query: str


# Constraints that are NOT ENFORCED, from PostgreSQL 18 on, are never validated.
_NOT_VALIDATED: Final = """
SELECT quote_ident(k.conname) AS name, c.name AS table
FROM pg_constraint k JOIN own_tables c ON c.oid = k.conrelid
WHERE NOT k.convalidated AND k.conparentid = 0 AND NOT c.relispartition
  AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) = {enforced}
ORDER BY 2, 1
"""

_CHECKS: Final = (
    _Check(
        rule="no-primary-key",
        place="table {table}",
        message="it has no primary key",
        why="no row can be told from another one, and logical replication cannot follow updates and deletions",
        fix="-- Better a key that it has already; this adds one, and rewrites the table.\n"
        "ALTER TABLE {table} ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;",
        query="""
            SELECT c.name AS table FROM own_tables c
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
            ORDER BY 1
        """,
    ),
    _Check(
        rule="unlogged-table",
        place="table {table}",
        message="it is UNLOGGED",
        why="it is empty after a crash, and always on a replica",
        fix="-- It rewrites the table.\nALTER TABLE {table} SET LOGGED;",
        query="""
            SELECT c.name AS table FROM own_tables c
            WHERE c.relkind = 'r' AND c.relpersistence = 'u' AND NOT c.relispartition ORDER BY 1
        """,
    ),
    _Check(
        rule="constraint-not-enforced",
        place="constraint {name} on {table}",
        message="it is NOT ENFORCED",
        why="no row is checked against it",
        fix="ALTER TABLE {table} ALTER CONSTRAINT {name} ENFORCED;",
        query=_NOT_VALIDATED.format(enforced="false"),
    ),
    _Check(
        rule="constraint-not-valid",
        place="constraint {name} on {table}",
        message="it is NOT VALID",
        why="the rows that were there before it may break it, and the planner does not rely on it",
        fix="ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
        query=_NOT_VALIDATED.format(enforced="true"),
    ),
    # The triggers of a foreign key are internal; they are shown once per key.
    _Check(
        rule="trigger-disabled",
        place="{kind} {name} on {table}",
        message="{subject} {state}",
        why="{consequence}",
        fix="ALTER TABLE {table} ENABLE TRIGGER {enabled};",
        query="""
            SELECT DISTINCT named.name, c.name AS table,
                   CASE t.tgenabled WHEN 'R' THEN 'fires on replicas only' ELSE 'is disabled' END AS state,
                   CASE WHEN t.tgisinternal THEN 'foreign key' ELSE 'trigger' END AS kind,
                   CASE WHEN t.tgisinternal THEN 'its check' ELSE 'it' END AS subject,
                   CASE WHEN t.tgisinternal THEN 'rows may refer to nothing'
                        ELSE 'rows that it should have seen to may be wrong' END AS consequence,
                   CASE WHEN t.tgisinternal THEN 'ALL' ELSE named.name END AS enabled
            FROM pg_trigger t JOIN own_tables c ON c.oid = t.tgrelid
            LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
            CROSS JOIN LATERAL (SELECT quote_ident(coalesce(k.conname, t.tgname)) AS name) AS named
            WHERE t.tgenabled IN ('D', 'R') AND NOT c.relispartition ORDER BY 2, 1
        """,
    ),
    # A trigger that is disabled is a finding of its own. In tgtype, 16 is UPDATE and 1 is FOR EACH ROW:
    # src/include/catalog/pg_trigger.h
    _Check(
        rule="updated-at-without-trigger",
        place="column {table}.updated_at",
        message="no trigger keeps it",
        why="a plain UPDATE leaves it as it was, so it may be out of date",
        fix="CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$\n"
        "BEGIN\n  NEW.updated_at := now();\n  RETURN NEW;\nEND\n$$;\n"
        "CREATE TRIGGER {trigger} BEFORE UPDATE ON {table} FOR EACH ROW\nEXECUTE FUNCTION {trigger}();",
        query="""
            SELECT c.name AS table, quote_ident(c.relname || '_touch_updated_at') AS trigger
            FROM own_tables c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relkind IN ('r', 'p') AND a.attname = 'updated_at' AND NOT a.attisdropped AND NOT c.relispartition
              AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
                              AND t.tgtype & 16 <> 0 AND t.tgtype & 1 <> 0)
            ORDER BY 1
        """,
    ),
    # https://www.postgresql.org/docs/current/logical-replication-publication.html
    _Check(
        rule="no-replica-identity",
        place="table {table}",
        message="it is published, and its rows have no replica identity",
        why="every UPDATE and DELETE on it fails",
        fix="-- Better a primary key: this writes whole old rows to the log.\n"
        "ALTER TABLE {table} REPLICA IDENTITY FULL;",
        query="""
            SELECT DISTINCT c.name AS table
            FROM pg_publication_tables t JOIN pg_publication p ON p.pubname = t.pubname
            JOIN own_tables c ON c.nspname = t.schemaname AND c.relname = t.tablename
            WHERE (p.pubupdate OR p.pubdelete) AND NOT c.relispartition
              AND NOT (c.relreplident = 'f'
                       OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid
                                  AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident
                                      END))
            ORDER BY 1
        """,
    ),
)


def table_findings(connection: Connection) -> Iterator[Finding]:
    """What the catalog alone tells of tables, constraints and triggers."""
    for check in _CHECKS:
        texts = check._asdict()
        query = texts.pop("query")
        for row in rows_of_tables(connection, query):
            yield Finding(**{name: text.format_map(row) for name, text in texts.items()})
