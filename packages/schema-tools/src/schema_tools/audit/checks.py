"""What one query of the catalog or of the statistics tells: tables, constraints, triggers, vacuum and analyze."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from schema_tools.audit import thresholds
from schema_tools.audit.catalog import Check, found_by
from schema_tools.findings import Finding, Group

# Constraints that are NOT ENFORCED, from PostgreSQL 18 on, are never validated.
_NOT_VALIDATED: Final = """
SELECT quote_ident(k.conname) AS name, c.name AS table
FROM pg_constraint k JOIN own_tables c ON c.oid = k.conrelid
WHERE NOT k.convalidated AND k.conparentid = 0 AND NOT c.relispartition
  AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) = {enforced}
ORDER BY 2, 1
"""

_CHECKS: Final = (
    Check(
        rule="database-encoding",
        place="database {name}",
        message="its encoding is {encoding}",
        why="a text with a character that the encoding lacks cannot be stored; SQL_ASCII checks nothing",
        fix="-- The encoding of a database cannot be changed: restore a dump into this one.\n"
        "CREATE DATABASE {name}_utf8 TEMPLATE template0 ENCODING 'UTF8';",
        query="""
            SELECT quote_ident(datname) AS name, pg_encoding_to_char(encoding) AS encoding
            FROM pg_database WHERE datname = current_database() AND pg_encoding_to_char(encoding) <> 'UTF8'
        """,
    ),
    # An index of a part of the table serves where the part is the rows that refer to something.
    Check(
        rule="foreign-key-without-index",
        place="foreign key {name} on {table}",
        message="no index begins with {columns}",
        why="deleting a row of {referred}, or changing its key, reads all of {table}",
        fix="CREATE INDEX {concurrently}ON {table} ({columns});",
        query="""
            SELECT quote_ident(k.conname) AS name, c.name AS table, k.confrelid::regclass::text AS referred,
                   CASE c.relkind WHEN 'p' THEN '' ELSE 'CONCURRENTLY ' END AS concurrently,
                   (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.place)
                    FROM unnest(k.conkey) WITH ORDINALITY AS u(number, place)
                    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number) AS columns
            FROM pg_constraint k JOIN own_tables c ON c.oid = k.conrelid
            WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT c.relispartition
              AND NOT EXISTS (
                SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am am ON am.oid = x.relam
                WHERE i.indrelid = k.conrelid AND i.indisvalid AND am.amname IN ('btree', 'hash')
                  AND i.indnkeyatts >= cardinality(k.conkey)
                  AND k.conkey @> (i.indkey::int2[])[0:cardinality(k.conkey) - 1]
                  AND k.conkey <@ (i.indkey::int2[])[0:cardinality(k.conkey) - 1]
                  AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) IN (
                         SELECT format('(%I IS NOT NULL)', a.attname) FROM pg_attribute a
                         WHERE a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum])))
            ORDER BY 2, 1
        """,
    ),
    Check(
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
    Check(
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
    Check(
        rule="constraint-not-enforced",
        place="constraint {name} on {table}",
        message="it is NOT ENFORCED",
        why="no row is checked against it",
        fix="ALTER TABLE {table} ALTER CONSTRAINT {name} ENFORCED;",
        query=_NOT_VALIDATED.format(enforced="false"),
    ),
    Check(
        rule="constraint-not-valid",
        place="constraint {name} on {table}",
        message="it is NOT VALID",
        why="the rows that were there before it may break it, and the planner does not rely on it",
        fix="ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
        query=_NOT_VALIDATED.format(enforced="true"),
    ),
    # The triggers of a foreign key are internal; they are shown once per key.
    Check(
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
    Check(
        rule="updated-at-without-trigger",
        place="column {table}.updated_at",
        message="no trigger keeps it",
        why="a plain UPDATE leaves it as it was, so it may be out of date",
        fix="CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$\n"
        "BEGIN\n  NEW.updated_at := now();\n  RETURN NEW;\nEND\n$$;\n"
        "CREATE TRIGGER {trigger} BEFORE UPDATE ON {table} FOR EACH ROW\nEXECUTE FUNCTION {trigger}();",
        group=Group.OPINION,
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
    Check(
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
    Check(
        rule="bloat",
        place="table {table}",
        message="an estimated {share:.0%} of its rows are dead ({dead:,} of {all:,}, in {megabytes} MB);"
        " last vacuum: {vacuumed}",
        why=f"scans read them and memory holds them; autovacuum should have begun at {thresholds.DEAD_ROWS:.0%}:"
        " is it off, or held up by an old transaction?",
        fix="VACUUM (ANALYZE) {table};",
        query="""
            SELECT c.name AS table, s.n_dead_tup AS dead, s.n_dead_tup + s.n_live_tup AS all,
                   CAST(s.n_dead_tup AS float8) / nullif(s.n_dead_tup + s.n_live_tup, 0) AS share,
                   pg_table_size(c.oid) / 1048576 AS megabytes,
                   coalesce(to_char(greatest(s.last_vacuum, s.last_autovacuum) AT TIME ZONE 'UTC',
                                    'YYYY-MM-DD HH24:MI "UTC"'), 'never') AS vacuumed
            FROM pg_stat_all_tables s JOIN own_tables c ON c.oid = s.relid
            WHERE s.n_dead_tup >= CAST(:share AS float8) * (s.n_dead_tup + s.n_live_tup) AND s.n_dead_tup > 0
              AND pg_table_size(c.oid) >= :bytes
            ORDER BY 1
        """,
    ),
    Check(
        rule="never-analysed",
        place="table {table}",
        message="it has about {live:,} rows and was never analysed",
        why="the planner guesses how many rows a condition meets",
        fix="ANALYZE {table};",
        query="""
            SELECT c.name AS table, s.n_live_tup AS live
            FROM pg_stat_all_tables s JOIN own_tables c ON c.oid = s.relid
            WHERE s.n_live_tup >= :rows AND greatest(s.last_analyze, s.last_autoanalyze) IS NULL
            ORDER BY 1
        """,
    ),
    # The TOAST table of a table may be older than itself, and is vacuumed with it.
    Check(
        rule="transaction-id-age",
        place="table {table}",
        message="its oldest rows are {age:,} transactions old",
        why="before 2,147,483,648 the server stops accepting writes until they are frozen",
        fix="VACUUM (FREEZE) {table};",
        query="""
            SELECT c.name AS table, greatest(age(c.relfrozenxid), age(t.relfrozenxid)) AS age
            FROM own_tables c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
            WHERE c.relkind IN ('r', 'm')
              AND greatest(age(c.relfrozenxid), age(t.relfrozenxid)) >= :age
            ORDER BY 2 DESC, 1
        """,
    ),
)


def check_findings(connection: Connection) -> Iterator[Finding]:
    """What the checks find. Bloat is an estimate, from the count of dead rows."""
    return found_by(
        connection,
        _CHECKS,
        share=thresholds.DEAD_ROWS,
        bytes=thresholds.BLOATED_TABLE_BYTES,
        rows=thresholds.UNANALYSED_ROWS,
        age=thresholds.TRANSACTION_AGE,
    )
