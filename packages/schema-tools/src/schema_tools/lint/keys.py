"""The indexes of a table of the mapping, those of its constraints included."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Index, Table, UniqueConstraint

from schema_tools.catalog.naming import words_for
from schema_tools.document.table_facts import index_words


@dataclass(frozen=True, slots=True)
class Key:
    """An index, as far as it can stand in for another one.

    Attributes:
        rest: What else distinguishes it, such as its method or its predicate; empty for a plain index.
        index: The index, or None where it is that of a constraint.
    """

    name: str
    keys: tuple[str, ...]
    unique: bool
    rest: Mapping[str, str] = field(default_factory=dict)
    index: Index | None = None


def keys_of(table: Table) -> list[Key]:
    """Every index of the table, those of constraints first."""
    constraints = [table.primary_key, *(one for one in table.constraints if isinstance(one, UniqueConstraint))]
    found = [Key(words_for(one), tuple(column.name for column in one.columns), unique=True) for one in constraints]
    for index in table.indexes:
        keys, rest = index_words(index)
        operators = sorted(index.dialect_options["postgresql"]["ops"].items())
        rest |= {"WITH": str(operators)} if operators else {}
        if rest.get("USING") == "btree":
            del rest["USING"]
        found.append(Key(words_for(index), keys, bool(index.unique), rest, index))
    return sorted((one for one in found if one.keys), key=lambda one: (one.index is not None, one.name))


def leading_columns(table: Table) -> list[tuple[str, ...]]:
    """The columns of each index over all rows that a lookup of its first columns can use."""
    return [one.keys for one in keys_of(table) if not {"WHERE", "USING"} & set(one.rest)]
