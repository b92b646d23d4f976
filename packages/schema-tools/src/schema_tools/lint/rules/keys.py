"""Foreign keys and indexes of the mapping: missing, unfit, or useless; and names that PostgreSQL cuts off."""

from collections.abc import Iterator

from sqlalchemy import Column, ForeignKeyConstraint, Table

from schema_tools.document.table_facts import sql_type
from schema_tools.lint.keys import Key, keys_of, leading_columns, names_of_objects
from schema_tools.lint.rule import TableHit, table_rule

_SOURCE = "ddl-constraints.html#DDL-CONSTRAINTS-FK"
_TEAMS = 'Table("teams", metadata, Column("id", BigInteger, Identity(), primary_key=True))\n'
_LONGEST = 63
_WIDEST = 3


@table_rule(
    fires="a foreign key whose type is not that of the column it refers to",
    source=_SOURCE,
    example=_TEAMS
    + 'Table("notes", metadata, Column("team_id", Integer, ForeignKey("teams.id", ondelete="CASCADE"), index=True))',
    safe=_TEAMS
    + 'Table("notes", metadata, Column("team_id", BigInteger, ForeignKey("teams.id", ondelete="CASCADE"), index=True))',
)
def foreign_key_type(table: Table) -> Iterator[TableHit]:
    """Each lookup converts the value, which may rule out an index, and a value may not fit."""
    for constraint in _foreign_keys(table):
        for element in constraint.elements:
            column: Column[object] = element.parent
            own, other = sql_type(column), sql_type(element.column)
            if own != other:
                target = f"{element.column.table.fullname}.{element.column.name}"
                message = f"{_place(column)} is {own.lower()}, and {target} is {other.lower()}"
                wanted = getattr(element.column.type, "impl_instance", element.column.type)
                fix = f'Column("{column.name}", {wanted!r}, ForeignKey("{target}"))'
                yield TableHit(_place(column), message, fix, column.info)


@table_rule(
    fires="a foreign key that no index begins with",
    source=_SOURCE,
    example=_TEAMS + 'Table("notes", metadata, Column("team_id", ForeignKey("teams.id", ondelete="CASCADE")))',
    safe=_TEAMS + 'Table("notes", metadata, Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), index=True))',
)
def foreign_key_without_index(table: Table) -> Iterator[TableHit]:
    """Each DELETE or key change in the other table reads this whole table; so do joins."""
    # The order of its columns in the index does not matter.
    for constraint in _foreign_keys(table):
        columns = list(constraint.columns)
        names = {column.name for column in columns}
        if not any(set(key[: len(names)]) == names for key in leading_columns(table)):
            listed = ", ".join(f'"{column.name}"' for column in columns)
            message = f"no index of {table.fullname} begins with {', '.join(column.name for column in columns)}"
            yield TableHit(_place(columns[0]), message, f"Index(None, {listed})", columns[0].info)


@table_rule(
    fires="a foreign key that does not say what a delete does",
    source=_SOURCE,
    example=_TEAMS + 'Table("notes", metadata, Column("team_id", ForeignKey("teams.id"), index=True))',
    safe=_TEAMS
    + 'Table("notes", metadata, Column("team_id", ForeignKey("teams.id", ondelete="RESTRICT"), index=True))',
)
def foreign_key_without_on_delete(table: Table) -> Iterator[TableHit]:
    """NO ACTION may be intended or forgotten; that is unclear until a delete fails."""
    for constraint in _foreign_keys(table):
        if not constraint.ondelete:
            column = next(iter(constraint.columns))
            target = constraint.elements[0].target_fullname
            message = f"what happens to {table.fullname} when a row of {constraint.referred_table.fullname} is deleted?"
            fix = f'ForeignKey("{target}", ondelete="RESTRICT")  # or CASCADE, or SET NULL'
            yield TableHit(_place(column), message, fix, column.info)


@table_rule(
    fires='a column called *_id without a foreign key and without info={"not_a_reference": "reason"}',
    source=_SOURCE,
    example='Table("notes", metadata, Column("team_id", Integer))',
    safe='Table("notes", metadata, Column("team_id", Integer, info={"not_a_reference": "It is of another system."}))',
)
def reference_without_foreign_key(table: Table) -> Iterator[TableHit]:
    """Nothing keeps it from referring to a missing row."""
    for column in table.columns:
        if column.name.endswith("_id") and not column.foreign_keys and not column.info.get("not_a_reference"):
            other = column.name.removesuffix("_id")
            fix = f'ForeignKey("{other}s.id", ondelete="RESTRICT")'
            in_mapping = [one for one in table.metadata.tables if one.rpartition(".")[2] in {other, f"{other}s"}]
            if not in_mapping:
                fix = 'info={"not_a_reference": "It identifies something in another system."}'
            yield TableHit(_place(column), f"{_place(column)} is called a reference, and is none", fix, column.info)


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    found = [one for one in table.constraints if isinstance(one, ForeignKeyConstraint)]
    return sorted(found, key=lambda one: tuple(one.column_keys))


def _place(column: Column[object]) -> str:
    return f"{column.table.fullname}.{column.name}"


@table_rule(
    fires="a hash index",
    source="indexes-types.html#INDEXES-TYPES-HASH",
    example='Table("notes", metadata, Column("title", Text), Index("ix_title", "title", postgresql_using="hash"))',
    safe='Table("notes", metadata, Column("title", Text), Index("ix_title", "title"))',
)
def hash_index(table: Table) -> Iterator[TableHit]:
    """It serves equality only, neither order nor ranges nor uniqueness, and is seldom smaller or faster."""
    for key in _indexes(table):
        if key.rest.startswith("USING hash"):
            listed = ", ".join(f'"{name}"' for name in key.keys)
            yield _hit(table, key, f"{key.name} serves equality only", f'Index("{key.name}", {listed})')


@table_rule(
    fires="an index on more than three columns that is not unique",
    source="indexes-multicolumn.html",
    example='Table("notes", metadata, *(Column(name, Text) for name in "abcd"), Index("ix_notes", "a", "b", "c", "d"))',
    safe='Table("notes", metadata, *(Column(name, Text) for name in "abcd"), Index("ix_notes", "a", "b", "c"))',
)
def wide_index(table: Table) -> Iterator[TableHit]:
    """Each write maintains all of it, and queries seldom use the columns after the third."""
    for key in _indexes(table):
        if len(key.keys) > _WIDEST and not key.unique:
            listed = ", ".join(f'"{name}"' for name in key.keys[:_WIDEST])
            message = f"{key.name} has {len(key.keys)} columns"
            yield _hit(table, key, message, f'Index("{key.name}", {listed})')


@table_rule(
    fires="a column that is twice in one index",
    source="indexes-multicolumn.html",
    example='Table("notes", metadata, Column("a", Text), Column("b", Text), Index("ix_notes", "a", "b", "a"))',
    safe='Table("notes", metadata, Column("a", Text), Column("b", Text), Index("ix_notes", "a", "b"))',
)
def duplicate_column_in_index(table: Table) -> Iterator[TableHit]:
    """The second occurrence adds to its size and serves nothing."""
    for key in _indexes(table):
        once = list(dict.fromkeys(key.keys))
        if len(once) < len(key.keys):
            listed = ", ".join(f'"{name}"' for name in once)
            yield _hit(table, key, f"{key.name} has a column twice", f'Index("{key.name}", {listed})')


@table_rule(
    fires="an index on the same columns as another one, or as a unique constraint or the primary key",
    source="indexes-unique.html",
    example='Table("notes", metadata, Column("title", Text, unique=True), Index("ix_title", "title"))',
    safe='Table("notes", metadata, Column("title", Text, unique=True))',
)
def duplicate_index(table: Table) -> Iterator[TableHit]:
    """Each write maintains both, and no query needs the second."""
    # Of two alike, the later is the one to remove.
    for key in _indexes(table):
        for other in keys_of(table):
            alike = (other.keys, other.rest) == (key.keys, key.rest)
            later = other.unique == key.unique and (other.index is None or other.name < key.name)
            if other != key and alike and (later or (other.unique and not key.unique)):
                yield _hit(table, key, f"{key.name} is on the same columns as {other.name}", f"# remove {key.name}")
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
    for key in _indexes(table):
        for other in keys_of(table):
            longer = len(other.keys) > len(key.keys) and other.keys[: len(key.keys)] == key.keys
            if longer and not key.unique and not key.rest and not other.rest:
                yield _hit(table, key, f"{other.name} begins with the columns of {key.name}", f"# remove {key.name}")
                break


@table_rule(
    fires="a name of more than 63 bytes",
    source="sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS",
    example=f'Table("notes", metadata, Column("{"very_" * 13}long", Text))',
    safe='Table("notes", metadata, Column("not_so_long", Text))',
)
def long_identifier(table: Table) -> Iterator[TableHit]:
    """PostgreSQL truncates it, and two names that begin alike become one."""
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


def _hit(table: Table, key: Key, message: str, fix: str) -> TableHit:
    info = key.index.info if key.index is not None else table.info
    return TableHit(key.name, message, fix, info)
