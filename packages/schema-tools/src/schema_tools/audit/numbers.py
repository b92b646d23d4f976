"""Keys that run out of numbers: sequences, identities, and narrow primary keys."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, RowMapping

from schema_tools.audit import thresholds
from schema_tools.audit.catalog import rows
from schema_tools.findings import Finding

# https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-INT
_LARGEST: Final = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}

_WHY: Final = "when it is used up, every INSERT fails"

_WIDER_COLUMN: Final = """\
-- This rewrites the table under an exclusive lock. On a table in use, add a bigint column, fill it in
-- batches, and swap the two. Columns that refer to it need the same.
ALTER TABLE {table} ALTER COLUMN {column} TYPE bigint;"""

# A sequence belongs to a column (serial, identity) or is called by a column's default. last_value is NULL for a
# role that may not read it.
_SEQUENCES: Final = """
SELECT x.oid::regclass::text COLLATE "C" AS sequence, s.seqincrement AS increment,
       CASE WHEN s.seqincrement > 0 THEN s.seqmax ELSE s.seqmin END AS own_end,
       has_sequence_privilege(x.oid, 'SELECT, USAGE') AS visible,
       CASE WHEN has_sequence_privilege(x.oid, 'SELECT, USAGE') THEN pg_sequence_last_value(x.oid) END AS last,
       c.oid::regclass::text COLLATE "C" AS table, quote_ident(a.attname) AS column,
       format_type(a.atttypid, NULL) AS column_type,
       has_column_privilege(c.oid, a.attnum, 'SELECT') AS readable, row_security_active(c.oid) AS hidden,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum AND i.indisunique
               AND i.indisvalid) AS is_unique
FROM pg_sequence s
JOIN pg_class x ON x.oid = s.seqrelid
JOIN pg_namespace n ON n.oid = x.relnamespace
LEFT JOIN LATERAL (
    SELECT d.refobjid AS relation, d.refobjsubid AS number FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = x.oid AND d.refclassid = 'pg_class'::regclass
      AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
    UNION
    SELECT f.adrelid, f.adnum FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = x.oid
) AS fed ON true
LEFT JOIN pg_class c ON c.oid = fed.relation
LEFT JOIN pg_attribute a ON a.attrelid = fed.relation AND a.attnum = fed.number
WHERE n.nspname !~ '^pg_' AND NOT s.seqcycle AND coalesce(NOT c.relispartition, true)
ORDER BY 1, 6, 7
"""

# Those that a sequence feeds are judged by it.
_NARROW_KEYS: Final = """
SELECT c.name AS table, quote_ident(a.attname) AS column, format_type(a.atttypid, NULL) AS column_type,
       has_column_privilege(c.oid, a.attnum, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE') AS readable,
       row_security_active(c.oid) AS hidden
FROM pg_constraint k
JOIN own_tables c ON c.oid = k.conrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
WHERE k.contype = 'p' AND cardinality(k.conkey) = 1 AND a.atttypid IN ('smallint'::regtype, 'integer'::regtype)
  AND a.attidentity = '' AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_attrdef f JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
                  JOIN pg_sequence s ON s.seqrelid = d.refobjid AND d.refclassid = 'pg_class'::regclass
                  WHERE f.adrelid = c.oid AND f.adnum = a.attnum)
  AND NOT EXISTS (SELECT FROM pg_constraint r WHERE r.contype = 'f' AND r.conrelid = c.oid AND r.conkey @> k.conkey)
ORDER BY 1
"""


def number_findings(connection: Connection, unseen: list[str]) -> Iterator[Finding]:
    """Sequences and keys that have used most of their numbers; what the role may not read is added to `unseen`."""
    for row in rows(connection, _SEQUENCES):
        if not row["visible"]:
            unseen.append(f"how far {row['sequence']} has counted: GRANT SELECT ON SEQUENCE {row['sequence']}")
        elif row["last"] is not None:
            yield from _of_sequence(row)
        if row["visible"] and row["is_unique"]:
            reason = _why_unseen(row)
            if reason:
                unseen.append(f"the furthest {row['table']}.{row['column']}: {reason}")
            else:
                yield from _behind(connection, row)
    for row in rows(connection, _NARROW_KEYS):
        if reason := _why_unseen(row):
            unseen.append(f"the largest {row['table']}.{row['column']}: {reason}")
            continue
        # Both names come quoted from the catalog.
        query = f"SELECT max({row['column']}) AS last FROM {row['table']}"  # noqa: S608
        (found,) = rows(connection, query)
        yield from _of_key(row, found["last"] or 0)


def _why_unseen(row: RowMapping) -> str:
    """Why the values of a column cannot be judged; empty where they can."""
    if not row["readable"]:
        return f"GRANT SELECT ON {row['table']}"
    return f"row-level security hides rows of {row['table']} from this role" if row["hidden"] else ""


def _behind(connection: Connection, row: RowMapping) -> Iterator[Finding]:
    """A column with numbers that its sequence has still before it: rows that something gave numbers of their own."""
    furthest = "max" if row["increment"] > 0 else "min"
    # Both names come quoted from the catalog.
    query = f"SELECT {furthest}({row['column']}) AS furthest FROM {row['table']}"  # noqa: S608
    (found,) = rows(connection, query)
    last, there = row["last"], found["furthest"]
    if there is None or (last is not None and (there <= last if row["increment"] > 0 else there >= last)):
        return
    yield Finding(
        rule="sequence-behind",
        place=f"sequence {row['sequence']}",
        message=f"it is at {last or 0:,}, and {row['table']}.{row['column']} has numbers up to {there:,} already",
        why="an INSERT that gets one of them fails",
        fix=f"SELECT setval('{row['sequence']}', {there});",
    )


def _of_sequence(row: RowMapping) -> Iterator[Finding]:
    end = row["own_end"]
    if largest := _LARGEST.get(row["column_type"]):
        end = min(end, largest) if row["increment"] > 0 else max(end, -largest - 1)
    used = row["last"] / end if end else 0
    if used < thresholds.NUMBERS_USED:
        return
    by_column = end != row["own_end"]
    limit = f"the column's type, {row['column_type']}, can hold" if by_column else "it may give out"
    feeding = f", for {row['table']}.{row['column']}" if row["table"] else ""
    statements = [] if by_column else [f"ALTER SEQUENCE {row['sequence']} AS bigint NO MAXVALUE NO MINVALUE;"]
    if row["column_type"] in {"smallint", "integer"}:
        statements.append(_WIDER_COLUMN.format_map(row))
    yield Finding(
        rule="sequence-exhaustion",
        place=f"sequence {row['sequence']}",
        message=f"it has used {used:.1%} of what {limit}: {row['last']:,} of {end:,}{feeding}",
        why=_WHY,
        fix="\n".join(statements),
    )


def _of_key(row: RowMapping, last: int) -> Iterator[Finding]:
    largest = _LARGEST[row["column_type"]]
    used = last / largest
    if used >= thresholds.NUMBERS_USED:
        yield Finding(
            rule="key-exhaustion",
            place=f"column {row['table']}.{row['column']}",
            message=f"its largest value is {used:.1%} of what {row['column_type']} can hold: {last:,} of {largest:,}",
            why=_WHY,
            fix=_WIDER_COLUMN.format_map(row),
        )
