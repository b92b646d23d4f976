"""The health of a SQLite database: what has a meaning there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import URL, Connection, Engine, NullPool, RowMapping, create_engine

from schema_tools.audit.catalog import rows
from schema_tools.database_urls import sqlite_file
from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding

NOT_THERE: Final = (
    "on SQLite, the use of indexes, sequences, bloat, transaction ids, validity of constraints, disabled triggers and"
    " replication: they have no meaning there"
)


@dataclass(frozen=True, slots=True)
class _Index:
    """An index.

    A column is None for an expression; `keys` are the columns with collation and direction. `own` says that a
    statement of its own made it, not a constraint.
    """

    name: str
    table: str
    columns: tuple[str | None, ...]
    keys: tuple[tuple[object, ...], ...]
    unique: bool
    own: bool
    partial: bool

    def is_served_by(self, other: "_Index") -> bool:
        """Whether `other` can do all that this one does."""
        # What an expression or a condition is, only the text of the statement says.
        plain = not (self.partial or other.partial or None in (*self.columns, *other.columns))
        if self is other or not plain or not self.own:
            return False
        if self.keys == other.keys:
            mine, theirs = (self.unique, not self.own, other.name), (other.unique, not other.own, self.name)
            return mine < theirs
        return not self.unique and other.keys[: len(self.keys)] == self.keys


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
    yield from _damage(connection)
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name"
    for row in rows(connection, tables):
        indexes = _indexes(connection, row["name"])
        yield from _missing(connection, row["name"], indexes)
        yield from _superfluous(indexes)
        yield from _untouched(connection, row["name"])


def _damage(connection: Connection) -> Iterator[Finding]:
    for (line,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if line != "ok":
            yield Finding(
                rule="damaged-database",
                place="database",
                message=line,
                why="what is read from it may be wrong",
                fix="REINDEX; -- for an index; else restore a backup, or take what `sqlite3 FILE .recover` finds",
            )
    for table, rowid, referred, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield Finding(
            rule="dangling-reference",
            place=f"table {table}",
            message=f"its row {rowid} refers to a row of {referred} that is not there",
            why="it was written while foreign keys were not enforced",
        )


def _indexes(connection: Connection, table: str) -> list[_Index]:
    found = []
    for one in rows(connection, "SELECT * FROM pragma_index_list(:name) ORDER BY name", name=table):
        keys = rows(connection, "SELECT * FROM pragma_index_xinfo(:name) WHERE key ORDER BY seqno", name=one["name"])
        found.append(
            _Index(
                name=one["name"],
                table=table,
                columns=tuple(key["name"] for key in keys),
                keys=tuple((key["name"], key["coll"], key["desc"]) for key in keys),
                unique=bool(one["unique"]),
                own=one["origin"] == "c",
                partial=bool(one["partial"]),
            )
        )
    return found


def _missing(connection: Connection, table: str, indexes: Sequence[_Index]) -> Iterator[Finding]:
    columns = rows(connection, "SELECT * FROM pragma_table_info(:name)", name=table)
    key = [row["name"] for row in columns if row["pk"]]
    begin = [index.columns for index in indexes if not index.partial]
    # An INTEGER PRIMARY KEY is the table's own order: https://www.sqlite.org/rowidtable.html
    begin += [tuple(key)] if len(key) == 1 else []
    references: dict[int, list[RowMapping]] = {}
    for row in rows(connection, "SELECT * FROM pragma_foreign_key_list(:name) ORDER BY id, seq", name=table):
        references.setdefault(row["id"], []).append(row)
    for reference in references.values():
        referring = [row["from"] for row in reference]
        if not any(set(one[: len(referring)]) == set(referring) for one in begin):
            listed = ", ".join(map(_quoted, referring))
            yield Finding(
                rule="foreign-key-without-index",
                place=f"foreign key ({', '.join(referring)}) on {table}",
                message=f"no index begins with {', '.join(referring)}",
                why=f"deleting a row of {reference[0]['table']}, or changing its key, reads all of {table}",
                fix=f"CREATE INDEX {_quoted(f'ix_{table}_{referring[0]}')} ON {_quoted(table)} ({listed});",
            )


def _superfluous(indexes: Sequence[_Index]) -> Iterator[Finding]:
    for index in indexes:
        by = next((other for other in indexes if index.is_served_by(other)), None)
        if by is not None:
            same = index.keys == by.keys
            yield Finding(
                rule="duplicate-index" if same else "redundant-index",
                place=f"index {index.name} on {index.table}",
                message=f"{by.name} {'is the same index' if same else 'begins with the same columns'}",
                why="it takes space and makes every write dearer, and no query needs it",
                fix=f"DROP INDEX {_quoted(index.name)};",
            )


def _untouched(connection: Connection, table: str) -> Iterator[Finding]:
    found = rows(
        connection,
        "SELECT (SELECT count(*) FROM pragma_table_info(:name) WHERE name = 'updated_at') AS columns, (SELECT count(*)"
        " FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name AND sql LIKE '%AFTER UPDATE%') AS triggers",
        name=table,
    )
    if found[0]["columns"] and not found[0]["triggers"]:
        yield Finding(
            rule="updated-at-without-trigger",
            place=f"column {table}.updated_at",
            message="no trigger keeps it",
            why="a plain UPDATE leaves it as it was, so it may be out of date",
            fix=_touch_trigger(_quoted(table), _quoted(f"{table}_touch_updated_at")),
        )


def _touch_trigger(table: str, name: str) -> str:
    head = f"CREATE TRIGGER {name} AFTER UPDATE ON {table} FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at"
    body = f"UPDATE {table} SET updated_at = CURRENT_TIMESTAMP WHERE rowid = NEW.rowid"  # noqa: S608 -- it is read only
    return f"{head} BEGIN\n  {body};\nEND;"


def _quoted(name: str) -> str:
    return name if name.isidentifier() else '"' + name.replace('"', '""') + '"'
