"""Indexes of the mapping that cost more than they give, and names that PostgreSQL cuts off."""

from collections.abc import Iterator

from sqlalchemy import Table

from schema_tools.lint.keys import Key, keys_of, names_of_objects
from schema_tools.lint.rule import TableHit, table_rule

_MULTICOLUMN = "https://www.postgresql.org/docs/current/indexes-multicolumn.html"
_LONGEST = 63
_WIDEST = 3


@table_rule(
    "hash-index",
    fires="a hash index",
    why="It serves equality only, neither order nor ranges nor uniqueness, and is seldom smaller or faster.",
    source="https://www.postgresql.org/docs/current/indexes-types.html#INDEXES-TYPES-HASH",
    example='Table("notes", metadata, Column("title", Text), Index("ix_title", "title", postgresql_using="hash"))',
    safe='Table("notes", metadata, Column("title", Text), Index("ix_title", "title"))',
)
def hash_index(table: Table) -> Iterator[TableHit]:
    """Indexes by the hash of their column."""
    for key in _indexes(table):
        if key.rest.startswith("USING hash"):
            listed = ", ".join(f'"{name}"' for name in key.keys)
            yield _hit(table, key, f"{key.name} serves equality only", f'Index("{key.name}", {listed})')


@table_rule(
    "wide-index",
    fires="an index on more than three columns that is not unique",
    why="Each write has to keep all of it, and seldom does a query use what comes after the third column.",
    source=_MULTICOLUMN,
    example="""
Table("notes", metadata, *(Column(name, Text) for name in "abcd"), Index("ix_notes", "a", "b", "c", "d"))
""",
    safe="""
Table("notes", metadata, *(Column(name, Text) for name in "abcd"), Index("ix_notes", "a", "b", "c"))
""",
)
def wide_index(table: Table) -> Iterator[TableHit]:
    """Indexes of many columns."""
    for key in _indexes(table):
        if len(key.keys) > _WIDEST and not key.unique:
            listed = ", ".join(f'"{name}"' for name in key.keys[:_WIDEST])
            message = f"{key.name} has {len(key.keys)} columns"
            yield _hit(table, key, message, f'Index("{key.name}", {listed})')


@table_rule(
    "duplicate-column-in-index",
    fires="a column that is twice in one index",
    why="The second time adds to its size and serves nothing.",
    source=_MULTICOLUMN,
    example="""
Table("notes", metadata, Column("a", Text), Column("b", Text), Index("ix_notes", "a", "b", "a"))
""",
    safe='Table("notes", metadata, Column("a", Text), Column("b", Text), Index("ix_notes", "a", "b"))',
)
def duplicate_column_in_index(table: Table) -> Iterator[TableHit]:
    """Indexes with a column twice."""
    for key in _indexes(table):
        once = list(dict.fromkeys(key.keys))
        if len(once) < len(key.keys):
            listed = ", ".join(f'"{name}"' for name in once)
            yield _hit(table, key, f"{key.name} has a column twice", f'Index("{key.name}", {listed})')


@table_rule(
    "duplicate-index",
    fires="an index on the same columns as another one, or as a unique constraint or the primary key",
    why="Each write keeps both, and no query needs the second.",
    source="https://www.postgresql.org/docs/current/indexes-unique.html",
    example='Table("notes", metadata, Column("title", Text, unique=True), Index("ix_title", "title"))',
    safe='Table("notes", metadata, Column("title", Text, unique=True))',
)
def duplicate_index(table: Table) -> Iterator[TableHit]:
    """Indexes that another one stands in for; the later of two alike is the one to remove."""
    for key in _indexes(table):
        for other in keys_of(table):
            alike = (other.keys, other.rest) == (key.keys, key.rest)
            later = other.unique == key.unique and (other.index is None or other.name < key.name)
            if other != key and alike and (later or (other.unique and not key.unique)):
                yield _hit(table, key, f"{key.name} is on the same columns as {other.name}", f"# remove {key.name}")
                break


@table_rule(
    "redundant-index",
    fires="an index whose columns are the first ones of another index, unique constraint or primary key",
    why="The longer one serves every query that the shorter one does, and each write keeps both.",
    source=_MULTICOLUMN,
    example="""
Table("notes", metadata, Column("a", Text), Column("b", Text), Index("ix_a", "a"), Index("ix_a_b", "a", "b"))
""",
    safe='Table("notes", metadata, Column("a", Text), Column("b", Text), Index("ix_a_b", "a", "b"))',
)
def redundant_index(table: Table) -> Iterator[TableHit]:
    """Indexes that begin another one; a unique one says more than that, and is none of them."""
    for key in _indexes(table):
        for other in keys_of(table):
            longer = len(other.keys) > len(key.keys) and other.keys[: len(key.keys)] == key.keys
            if longer and not key.unique and not key.rest and not other.rest:
                yield _hit(table, key, f"{other.name} begins with the columns of {key.name}", f"# remove {key.name}")
                break


@table_rule(
    "long-identifier",
    fires="a name of more than 63 bytes",
    why="PostgreSQL cuts it off, and two names that begin alike become one.",
    source="https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS",
    example=f'Table("notes", metadata, Column("{"very_" * 13}long", Text))',
    safe='Table("notes", metadata, Column("not_so_long", Text))',
)
def long_identifier(table: Table) -> Iterator[TableHit]:
    """Names of tables, columns, constraints and indexes."""
    named = [(table.name, table.fullname, table.info)]
    named += [(column.name, f"{table.fullname}.{column.name}", column.info) for column in table.columns]
    named += [(name, name, info) for name, info in names_of_objects(table)]
    for name, place, info in sorted(named, key=lambda one: one[1]):
        length = len(name.encode())
        if length > _LONGEST:
            cut = name.encode()[:_LONGEST].decode(errors="ignore")
            yield TableHit(place, f"{name} has {length} bytes", cut, info)


def _indexes(table: Table) -> list[Key]:
    return [one for one in keys_of(table) if one.index is not None]


def _hit(table: Table, key: Key, message: str, mend: str) -> TableHit:
    info = key.index.info if key.index is not None else table.info
    return TableHit(key.name, message, mend, info)
