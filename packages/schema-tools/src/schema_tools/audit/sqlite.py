"""The health of a SQLite database: what has a meaning there."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Final

from sqlalchemy import URL, Connection, Engine, NullPool, RowMapping, create_engine

from schema_tools.audit.catalog import Check, found_by, rows
from schema_tools.audit.indexes import Index, superfluous
from schema_tools.catalog.sqlite.declarations import quoted
from schema_tools.database_urls import sqlite_file
from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding, Group

NOT_THERE: Final = (
    "on SQLite, the use of indexes, sequences, bloat, transaction ids, validity of constraints, disabled triggers and"
    " replication: they have no meaning there"
)

_DAMAGE: Final = (
    Check(
        rule="damaged-database",
        place="database",
        message="{line}",
        why="what is read from it may be wrong",
        fix="REINDEX; -- for an index; else restore a backup, or take what `sqlite3 FILE .recover` finds",
        query="SELECT integrity_check AS line FROM pragma_integrity_check WHERE line <> 'ok'",
    ),
    Check(
        rule="dangling-reference",
        place="table {table}",
        message="its row {rowid} refers to a row of {parent} that is not there",
        why="it was written while foreign keys were not enforced",
        fix="",
        query="SELECT * FROM pragma_foreign_key_check",
    ),
)

# A row for each column of each index.
_INDEXES: Final = """
SELECT i.name AS "index", i."unique", i.origin, i.partial, k.name, k.coll, k."desc"
FROM pragma_index_list(:table) i JOIN pragma_index_xinfo(i.name) k WHERE k.key ORDER BY i.name, k.seqno
"""

_UNTOUCHED: Final = """
SELECT name FROM pragma_table_info(:table) WHERE name = 'updated_at' AND NOT EXISTS (
  SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table AND sql LIKE '%AFTER UPDATE%'
)
"""


def read_only_engine(url: URL) -> Engine:
    """An engine that cannot write, for a file that exists.

    Raises:
        SchemaToolsError: There is no such file.
    """
    file = sqlite_file(url)
    if file is None or not file.is_file():
        raise SchemaToolsError(f"there is no database at {file}")
    # https://www.sqlite.org/uri.html
    read_only = URL.create("sqlite", database=file.absolute().as_uri(), query={"mode": "ro", "uri": "true"})
    return create_engine(read_only, poolclass=NullPool)


def sqlite_findings(connection: Connection) -> Iterator[Finding]:
    """Damage, dangling references, foreign keys without an index, duplicate indexes, `updated_at` without a trigger."""
    yield from found_by(connection, _DAMAGE)
    for row in rows(connection, "SELECT name FROM own_tables ORDER BY name"):
        table = row["name"]
        keys = rows(connection, _INDEXES, table=table)
        indexes = [list(index) for _, index in groupby(keys, itemgetter("index"))]
        yield from _missing(connection, table, indexes)
        yield from superfluous(_comparable(table, indexes)).values()
        if rows(connection, _UNTOUCHED, table=table):
            yield _untouched(table)


def _missing(connection: Connection, table: str, indexes: list[list[RowMapping]]) -> Iterator[Finding]:
    columns = rows(connection, "SELECT name FROM pragma_table_info(:table) WHERE pk", table=table)
    begin = [[key["name"] for key in index] for index in indexes if not index[0]["partial"]]
    # An INTEGER PRIMARY KEY is the table's own order: https://www.sqlite.org/rowidtable.html
    begin += [[key["name"] for key in columns]] if len(columns) == 1 else []
    references = rows(connection, "SELECT * FROM pragma_foreign_key_list(:table) ORDER BY id, seq", table=table)
    for _, grouped in groupby(references, itemgetter("id")):
        reference = list(grouped)
        referring = [row["from"] for row in reference]
        if not any(set(one[: len(referring)]) == set(referring) for one in begin):
            listed = ", ".join(map(quoted, referring))
            yield Finding(
                rule="foreign-key-without-index",
                place=f"foreign key ({', '.join(referring)}) on {table}",
                message=f"no index begins with {', '.join(referring)}",
                why=f"deleting a row of {reference[0]['table']}, or changing its key, reads all of {table}",
                fix=f"CREATE INDEX {quoted(f'ix_{table}_{referring[0]}')} ON {quoted(table)} ({listed});",
            )


def _comparable(table: str, indexes: list[list[RowMapping]]) -> list[Index]:
    """The indexes but those with an expression or a condition: what these are, only the text of the statement says."""
    return [
        Index(
            number=number,
            name=keys[0]["index"],
            table=table,
            keys=[(key["name"], key["coll"], key["desc"]) for key in keys],
            unique=bool(keys[0]["unique"]),
            constraint=keys[0]["origin"] != "c",
            drop=f"DROP INDEX {quoted(keys[0]['index'])};",
        )
        for number, keys in enumerate(indexes)
        if not keys[0]["partial"] and all(key["name"] is not None for key in keys)
    ]


def _untouched(table: str) -> Finding:
    trigger = quoted(f"{table}_touch_updated_at")
    head = f"CREATE TRIGGER {trigger} AFTER UPDATE ON {quoted(table)} FOR EACH ROW"
    body = f"UPDATE {quoted(table)} SET updated_at = CURRENT_TIMESTAMP WHERE rowid = NEW.rowid"  # noqa: S608 -- it is read only
    return Finding(
        rule="updated-at-without-trigger",
        place=f"column {table}.updated_at",
        message="no trigger keeps it",
        why="a plain UPDATE leaves it as it was, so it may be out of date",
        fix=f"{head} WHEN NEW.updated_at IS OLD.updated_at BEGIN\n  {body};\nEND;",
        group=Group.OPINION,
    )
