"""The indexes of a table of the mapping, those of its constraints included."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Index, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


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
    rest: str = ""
    index: Index | None = None


def keys_of(table: Table) -> list[Key]:
    """Every index of the table, those of constraints first."""
    primary = table.primary_key
    found = [Key(_name(primary), tuple(column.name for column in primary.columns), unique=True)]
    constraints = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    found += [Key(_name(one), tuple(column.name for column in one.columns), unique=True) for one in constraints]
    found += [_key(index) for index in table.indexes]
    return sorted((one for one in found if one.keys), key=lambda one: (one.index is not None, one.name))


def leading_columns(table: Table) -> list[tuple[str, ...]]:
    """The columns of each index over all rows that a lookup of its first columns can use."""
    return [one.keys for one in keys_of(table) if not one.rest.startswith(("WHERE", "USING"))]


def expressions(index: Index) -> list[str]:
    """The columns of an index, and its expressions in SQL."""
    options = {"literal_binds": True, "include_table": False}
    return [one.name if isinstance(one, Column) else _sql(one, options) for one in index.expressions]


def _sql(element: Any, options: dict[str, bool]) -> str:
    return " ".join(str(element.compile(dialect=_DIALECT, compile_kwargs=options)).split())


def _key(index: Index) -> Key:
    options: Any = index.dialect_options["postgresql"]
    words = []
    if options["using"] and options["using"] != "btree":
        words.append(f"USING {options['using']}")
    if options["where"] is not None:
        words.append(f"WHERE {options['where']}")
    if options["include"]:
        words.append(f"INCLUDE {', '.join(map(str, options['include']))}")
    if options["ops"]:
        words.append(f"WITH {sorted(options['ops'].items())}")
    if options["nulls_not_distinct"]:
        words.append("NULLS NOT DISTINCT")
    return Key(_name(index), tuple(expressions(index)), bool(index.unique), " ".join(words), index)


def _name(item: Any) -> str:
    formatted = _DIALECT.identifier_preparer.format_constraint(item) if item.name is not None else None
    return str(formatted or f"{item.table.fullname} key")


def names_of_objects(table: Table) -> list[tuple[str, dict[Any, Any]]]:
    """The name of each constraint and index that has one, as the mapping has it, and its `info`."""
    found: list[tuple[Any, dict[Any, Any]]] = [(one.name, one.info) for one in table.constraints]
    found += [(one.name, one.info) for one in table.indexes]
    return [(str(name), info) for name, info in found if name]
