"""Tables, constraints and triggers that do not do what they look like."""

from collections.abc import Callable, Iterator
from typing import Final

from sqlalchemy import Connection, RowMapping

from schema_tools.audit.catalog import rows_of_tables
from schema_tools.findings import Finding

_NO_PRIMARY_KEY: Final = """
SELECT c.name AS table FROM own_tables c
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
ORDER BY 1
"""

_UNLOGGED: Final = """
SELECT c.name AS table FROM own_tables c
WHERE c.relkind = 'r' AND c.relpersistence = 'u' AND NOT c.relispartition ORDER BY 1
"""

# Constraints that are NOT ENFORCED, from PostgreSQL 18 on, are never validated.
_NOT_VALID: Final = """
SELECT quote_ident(k.conname) AS name, c.name AS table,
       coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) AS enforced
FROM pg_constraint k JOIN own_tables c ON c.oid = k.conrelid
WHERE NOT k.convalidated AND k.conparentid = 0 AND NOT c.relispartition ORDER BY 2, 1
"""

# The triggers of a foreign key are internal; they are shown once per key.
_DISABLED_TRIGGERS: Final = """
SELECT DISTINCT quote_ident(coalesce(k.conname, t.tgname)) AS name, c.name AS table,
       t.tgisinternal AS internal, t.tgenabled = 'R' AS on_replicas
FROM pg_trigger t JOIN own_tables c ON c.oid = t.tgrelid
LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
WHERE t.tgenabled IN ('D', 'R') AND NOT c.relispartition ORDER BY 2, 1
"""

# A trigger that is disabled is a finding of its own. In tgtype, 16 is UPDATE and 1 is FOR EACH ROW:
# src/include/catalog/pg_trigger.h
_UPDATED_AT: Final = """
SELECT c.name AS table, quote_ident(c.relname || '_touch_updated_at') AS trigger
FROM own_tables c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p') AND a.attname = 'updated_at' AND NOT a.attisdropped AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
                  AND t.tgtype & 16 <> 0 AND t.tgtype & 1 <> 0)
ORDER BY 1
"""

# https://www.postgresql.org/docs/current/logical-replication-publication.html
_NO_REPLICA_IDENTITY: Final = """
SELECT DISTINCT c.name AS table
FROM pg_publication_tables t JOIN pg_publication p ON p.pubname = t.pubname
JOIN own_tables c ON c.nspname = t.schemaname AND c.relname = t.tablename
WHERE (p.pubupdate OR p.pubdelete) AND NOT c.relispartition
  AND NOT (c.relreplident = 'f'
           OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid
                      AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident END))
ORDER BY 1
"""


def table_findings(connection: Connection) -> Iterator[Finding]:
    """What the catalog alone tells of tables, constraints and triggers."""
    described: tuple[tuple[str, Callable[[RowMapping], Finding]], ...] = (
        (_NO_PRIMARY_KEY, _no_primary_key),
        (_UNLOGGED, _unlogged),
        (_NOT_VALID, _not_valid),
        (_DISABLED_TRIGGERS, _disabled_trigger),
        (_UPDATED_AT, _updated_at),
        (_NO_REPLICA_IDENTITY, _no_replica_identity),
    )
    for query, describe in described:
        yield from map(describe, rows_of_tables(connection, query))


def _no_primary_key(row: RowMapping) -> Finding:
    return Finding(
        rule="no-primary-key",
        place=f"table {row['table']}",
        message="it has no primary key",
        why="no row can be told from another one, and logical replication cannot follow updates and deletions",
        fix=(
            "-- Better a key that it has already; this adds one, and rewrites the table.\n"
            f"ALTER TABLE {row['table']} ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;"
        ),
    )


def _unlogged(row: RowMapping) -> Finding:
    return Finding(
        rule="unlogged-table",
        place=f"table {row['table']}",
        message="it is UNLOGGED",
        why="it is empty after a crash, and always on a replica",
        fix=f"-- It rewrites the table.\nALTER TABLE {row['table']} SET LOGGED;",
    )


def _not_valid(row: RowMapping) -> Finding:
    if not row["enforced"]:
        return Finding(
            rule="constraint-not-enforced",
            place=f"constraint {row['name']} on {row['table']}",
            message="it is NOT ENFORCED",
            why="no row is checked against it",
            fix=f"ALTER TABLE {row['table']} ALTER CONSTRAINT {row['name']} ENFORCED;",
        )
    return Finding(
        rule="constraint-not-valid",
        place=f"constraint {row['name']} on {row['table']}",
        message="it is NOT VALID",
        why="the rows that were there before it may break it, and the planner does not rely on it",
        fix=f"ALTER TABLE {row['table']} VALIDATE CONSTRAINT {row['name']};",
    )


def _disabled_trigger(row: RowMapping) -> Finding:
    when = "it fires on replicas only" if row["on_replicas"] else "it is disabled"
    return Finding(
        rule="trigger-disabled",
        place=f"{'foreign key' if row['internal'] else 'trigger'} {row['name']} on {row['table']}",
        message=f"{'its check' if row['internal'] else 'it'} {when.removeprefix('it ')}",
        why="rows that it should have seen to may be wrong" if not row["internal"] else "rows may refer to nothing",
        fix=f"ALTER TABLE {row['table']} ENABLE TRIGGER {'ALL' if row['internal'] else row['name']};",
    )


def _updated_at(row: RowMapping) -> Finding:
    return Finding(
        rule="updated-at-without-trigger",
        place=f"column {row['table']}.updated_at",
        message="no trigger keeps it",
        why="a plain UPDATE leaves it as it was, so it may be out of date",
        fix=(
            f"CREATE FUNCTION {row['trigger']}() RETURNS trigger LANGUAGE plpgsql AS $$\n"
            "BEGIN\n  NEW.updated_at := now();\n  RETURN NEW;\nEND\n$$;\n"
            f"CREATE TRIGGER {row['trigger']} BEFORE UPDATE ON {row['table']} FOR EACH ROW\n"
            f"EXECUTE FUNCTION {row['trigger']}();"
        ),
    )


def _no_replica_identity(row: RowMapping) -> Finding:
    return Finding(
        rule="no-replica-identity",
        place=f"table {row['table']}",
        message="it is published, and its rows have no replica identity",
        why="every UPDATE and DELETE on it fails",
        fix=(
            "-- Better a primary key: this writes whole old rows to the log.\n"
            f"ALTER TABLE {row['table']} REPLICA IDENTITY FULL;"
        ),
    )
