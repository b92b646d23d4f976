"""Indexes of the mapping that are unfit or useless, and names that PostgreSQL cuts off."""

from collections.abc import Iterator

from sqlalchemy import Column, Index, Table

from schema_tools.catalog.naming import LONGEST_NAME, database_name, truncated
from schema_tools.findings import Group
from schema_tools.lint.keys import Key, keys_of
from schema_tools.lint.rule import TableHit, TablePart, parts_of, place_of, table_rule

_WIDEST = 3


@table_rule(
    fires="a hash index",
    source="indexes-types.html#INDEXES-TYPES-HASH",
    example='Table("notes", metadata, Column("title", Text), Index("ix_title", "title", postgresql_using="hash"))',
    safe='Table("notes", metadata, Column("title", Text), Index("ix_title", "title"))',
    group=Group.OPINION,
)
def hash_index(table: Table) -> Iterator[TableHit]:
    """It serves equality only, neither order nor ranges nor uniqueness, and is seldom smaller or faster."""
    for index, key in _indexes(table):
        if key.rest.get("USING") == "hash":
            yield TableHit(index, f"{key.name} serves equality only", _with(key, key.keys))


@table_rule(
    fires="an index on more than three columns that is not unique",
    source="indexes-multicolumn.html",
    example='Table("notes", metadata, *(Column(name, Text) for name in "abcd"), Index("ix_notes", "a", "b", "c", "d"))',
    safe='Table("notes", metadata, *(Column(name, Text) for name in "abcd"), Index("ix_notes", "a", "b", "c"))',
    group=Group.OPINION,
)
def wide_index(table: Table) -> Iterator[TableHit]:
    """Each write maintains all of it, and queries seldom use the columns after the third."""
    for index, key in _indexes(table):
        if len(key.keys) > _WIDEST and not key.unique:
            yield TableHit(index, f"{key.name} has {len(key.keys)} columns", _with(key, key.keys[:_WIDEST]))


@table_rule(
    fires="a column that is twice in one index",
    source="indexes-multicolumn.html",
    example='Table("notes", metadata, Column("a", Text), Column("b", Text), Index("ix_notes", "a", "b", "a"))',
    safe='Table("notes", metadata, Column("a", Text), Column("b", Text), Index("ix_notes", "a", "b"))',
)
def duplicate_column_in_index(table: Table) -> Iterator[TableHit]:
    """The second occurrence adds to its size and serves nothing."""
    for index, key in _indexes(table):
        once = tuple(dict.fromkeys(key.keys))
        if len(once) < len(key.keys):
            yield TableHit(index, f"{key.name} has a column twice", _with(key, once))


@table_rule(
    fires="an index on the same columns as another one, or as a unique constraint or the primary key",
    source="indexes-unique.html",
    example='Table("notes", metadata, Column("title", Text, unique=True), Index("ix_title", "title"))',
    safe='Table("notes", metadata, Column("title", Text, unique=True))',
)
def duplicate_index(table: Table) -> Iterator[TableHit]:
    """Each write maintains both, and no query needs the second."""
    # Of two alike, the later is the one to remove.
    for index, key in _indexes(table):
        for other in keys_of(table):
            alike = (other.keys, other.rest) == (key.keys, key.rest)
            later = other.unique == key.unique and (other.index is None or other.name < key.name)
            if other != key and alike and (later or (other.unique and not key.unique)):
                yield TableHit(index, f"{key.name} is on the same columns as {other.name}", f"# remove {key.name}")
                break


@table_rule(
    fires="an index whose columns are the first ones of another index, unique constraint or primary key",
    source="indexes-multicolumn.html",
    example='Table("notes", metadata, *(Column(name, Text) for name in "ab"), Index("a", "a"), Index("ab", "a", "b"))',
    safe='Table("notes", metadata, *(Column(name, Text) for name in "ab"), Index("ab", "a", "b"))',
)
def redundant_index(table: Table) -> Iterator[TableHit]:
    """The longer one serves every query that the shorter one does, and each write maintains both."""
    # A unique index guarantees more than a prefix of a longer one, so it is not redundant.
    for index, key in _indexes(table):
        for other in keys_of(table):
            longer = len(other.keys) > len(key.keys) and other.keys[: len(key.keys)] == key.keys
            if longer and not key.unique and not key.rest and not other.rest:
                yield TableHit(index, f"{other.name} begins with the columns of {key.name}", f"# remove {key.name}")
                break


@table_rule(
    fires="a name of more than 63 bytes, unless SQLAlchemy shortens it, as it does what a naming convention makes",
    source="sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS",
    example=f'Table("notes", metadata, Column("{"very_" * 13}long", Text))',
    safe='Table("notes", metadata, Column("not_so_long", Text))',
)
def long_identifier(table: Table) -> Iterator[TableHit]:
    """PostgreSQL truncates it, and two names that begin alike become one."""
    for part in sorted(parts_of(table), key=place_of):
        name = _own_name(part)
        length = len(name.encode())
        if length > LONGEST_NAME:
            yield TableHit(part, f"{name} has {length} bytes", truncated(name))


def _own_name(part: TablePart) -> str:
    """Its name; of an index or constraint, as SQLAlchemy shortens it, which no other name becomes."""
    return str(part.name) if isinstance(part, Table | Column) else database_name(part) or ""


def _indexes(table: Table) -> list[tuple[Index, Key]]:
    return [(one.index, one) for one in keys_of(table) if one.index is not None]


def _with(key: Key, names: tuple[str, ...]) -> str:
    """The index on these columns in place of its own."""
    listed = ", ".join(f'"{name}"' for name in names)
    name = f'"{key.name}"' if key.index is not None and database_name(key.index) else None
    return f"Index({name}, {listed})"
