"""Indexes that are invalid or superfluous."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from schema_tools.audit import thresholds
from schema_tools.audit.catalog import rows
from schema_tools.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index.

    `number` is lower for an older index. `keys` have operator class, collation and direction; `included` columns are
    only carried along. `constraint` includes the replica identity. It is `used` when a query did so since the
    statistics were reset, or when it begins with the columns of a foreign key.
    """

    number: int
    name: str
    table: str
    keys: Sequence[object]
    unique: bool
    constraint: bool
    drop: str
    method: str = "btree"
    included: Sequence[str] = ()
    predicate: str | None = None
    valid: bool = True
    used: bool = True
    bytes: int = 0

    def is_served_by(self, other: "Index") -> bool:
        """Whether `other` can do all that this one does."""
        same_kind = (self.table, self.method, self.predicate) == (other.table, other.method, other.predicate)
        if self is other or not same_kind or self.constraint:
            return False
        if self.keys == other.keys:
            # Of two that do the same, a constraint stays, then the unique one, the one that carries more, the older.
            mine, theirs = ((one.constraint, one.unique, len(one.included), -one.number) for one in (self, other))
            return set(self.included) <= set(other.included) and self.unique <= other.unique and mine < theirs
        begins = self.method == "btree" and other.keys[: len(self.keys)] == self.keys
        return begins and not self.unique and not self.included


# A partitioned index is neither made nor dropped concurrently:
# https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
_INDEXES: Final = """
SELECT i.indexrelid::bigint AS number, i.indexrelid::regclass::text AS name, c.name AS table, am.amname AS method,
       ARRAY(SELECT concat_ws(' ', pg_get_indexdef(i.indexrelid, k, true), i.indclass[k - 1], i.indcollation[k - 1],
                              i.indoption[k - 1])
             FROM generate_series(1, i.indnkeyatts) AS k) AS keys,
       ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, true)
             FROM generate_series(i.indnkeyatts + 1, i.indnatts) AS k) AS included,
       pg_get_expr(i.indpred, i.indrelid) AS predicate,
       i.indisunique AS unique,
       i.indisreplident OR EXISTS (SELECT FROM pg_constraint k
                                   WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) AS constraint,
       i.indisvalid AS valid,
       coalesce(s.idx_scan, 0) > 0
         OR EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = i.indrelid
                    AND k.conkey <@ (i.indkey::int2[])[0:cardinality(k.conkey) - 1]) AS used,
       coalesce(pg_relation_size(i.indexrelid), 0) AS bytes,
       format('DROP INDEX %s%s;', CASE c.relkind WHEN 'p' THEN '' ELSE 'CONCURRENTLY ' END,
              i.indexrelid::regclass) AS drop
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_am am ON am.oid = x.relam
JOIN own_tables c ON c.oid = i.indrelid
LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = i.indexrelid
WHERE i.indislive AND NOT c.relispartition
ORDER BY c.name, i.indexrelid::regclass::text COLLATE "C"
"""

_SINCE: Final = """
SELECT coalesce(stats_reset, pg_postmaster_start_time()) AS since, pg_is_in_recovery() AS replica
FROM pg_stat_database WHERE datname = current_database()
"""


def index_findings(connection: Connection, now: datetime, unseen: list[str]) -> Iterator[Finding]:
    """Invalid, duplicate, redundant and unused indexes.

    Where it cannot be said which are unused, the reason is added to `unseen`.
    """
    found = [Index(**row) for row in rows(connection, _INDEXES)]
    yield from (_invalid(index) for index in found if not index.valid)
    valid = [index for index in found if index.valid]
    served = superfluous(valid)
    yield from served.values()
    (statistics,) = rows(connection, _SINCE)
    since, days = statistics["since"], thresholds.STATISTICS_AGE.days
    if statistics["replica"]:
        unseen.append("which indexes are unused: this is a replica, and the primary counts for itself")
    elif now - since < thresholds.STATISTICS_AGE:
        unseen.append(f"which indexes are unused: their use is counted since {since:%Y-%m-%d}, less than {days} days")
    else:
        yield from _unused([index for index in valid if index.name not in served], since)


def superfluous(indexes: Sequence[Index]) -> dict[str, Finding]:
    """By its name, the finding on each of the valid `indexes` that does nothing which another one cannot do."""
    found = {}
    for index in indexes:
        by = next((other for other in indexes if index.is_served_by(other)), None)
        if by is not None:
            same = index.keys == by.keys
            found[index.name] = Finding(
                rule="duplicate-index" if same else "redundant-index",
                place=f"index {index.name} on {index.table}",
                message=f"{by.name} {'is the same index' if same else 'begins with the same columns'}",
                why="it takes space and makes every write dearer, and no query needs it",
                fix=index.drop,
            )
    return found


def _invalid(index: Index) -> Finding:
    leftover = index.name.strip('"').rstrip("0123456789").endswith(("_ccnew", "_ccold"))
    return Finding(
        rule="invalid-index",
        place=f"index {index.name} on {index.table}",
        message="it is invalid: no query uses it, and every write maintains it",
        why="a concurrent build failed, or is at work now; IF NOT EXISTS passes over what is left",
        # https://www.postgresql.org/docs/current/sql-reindex.html#SQL-REINDEX-CONCURRENTLY
        fix=index.drop if leftover else f"REINDEX INDEX CONCURRENTLY {index.name};",
    )


def _unused(indexes: Sequence[Index], since: datetime) -> Iterator[Finding]:
    for index in indexes:
        needed = index.unique or index.constraint or index.used
        if not needed and index.bytes >= thresholds.UNUSED_INDEX_BYTES:
            yield Finding(
                rule="unused-index",
                place=f"index {index.name} on {index.table}",
                message=f"no query used it since {since:%Y-%m-%d}; it has {index.bytes // 1024**2} MB",
                why=(
                    "every write maintains it. What a replica does with it is counted there: look there before you"
                    " drop it; and the catalog does not say whether it is younger than the statistics"
                ),
                fix=index.drop,
            )
