"""What a query of PostgreSQL's catalog gives: an object and where the catalog has it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Row

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.statements import joined, known, literal

Address: TypeAlias = tuple[str, int, int]
"""A catalog, the identifier of a row of it, and the number of a column or 0, as pg_depend has them
(https://www.postgresql.org/docs/current/catalog-pg-depend.html)."""


class Found(NamedTuple):
    """An object, its address, and the other addresses that mean it: of its index, its default, its row type."""

    address: Address
    object: CatalogObject
    aliases: list[Address]


class Source(NamedTuple):
    """A query for the objects of one kind, and the function that makes the object of each row.

    The query has the parameter `namespace`, and may have `prefix`, which stands before the name of an object of it
    where names need a schema. Its rows have an `oid` in `catalog` (and `attnum`, if they are columns);
    `aliases` names the columns with further identifiers, and the catalog of each. `of_row_alone` says that the object
    depends on nothing but the row.
    """

    catalog: str
    query: str
    object_of: Callable[[Row[Any]], CatalogObject]
    aliases: Mapping[str, str] = MappingProxyType({})
    of_row_alone: bool = True


class Aspect(NamedTuple):
    """A value, None where there is none, and the statements about it.

    `alter` gives an existing object the value, `reset` takes the value away before another is given. An aspect that
    `follows` is not part of the statement that makes the object, so `alter` comes after that, if there is a value.
    """

    value: object
    alter: str | None = None
    reset: str = ""
    follows: bool = False


def catalog_object(
    row: Row[Any], kind: str, target: str, create: str, aspects: Mapping[str, object], **others: Any
) -> CatalogObject:
    """The object of a row with `name`, `comment` and, if it belongs to one, its `table`.

    Args:
        row: The row.
        kind: Its kind.
        target: What COMMENT ON and DROP call it.
        create: The statement that makes it, without its comment and the aspects that follow.
        aspects: Its aspects but the comment, each an `Aspect` or only the value.
        others: Further attributes of `CatalogObject`, or what replaces derived ones.
    """
    table = getattr(row, "table", None)
    comment = f"COMMENT ON {target} IS {literal(row.comment)}"
    all_aspects = {
        name: one if isinstance(one, Aspect) else Aspect(one)
        for name, one in {**aspects, "comment": Aspect(row.comment, comment)}.items()
    }
    # 0 is a value.
    there = (one for one in all_aspects.values() if one.value is not None and one.value is not False)
    following = (one.alter or "" for one in there if one.follows)
    return CatalogObject(
        kind=kind,
        **{
            "name": f"{table}.{row.name}" if table else row.name,
            "table": table,
            "create": joined(create, *following, "" if row.comment is None else comment),
            "drop": f"DROP {target}",
            **others,
        },
        aspects=known({name: one.value for name, one in all_aspects.items()}),
        alter={name: one.alter for name, one in all_aspects.items() if one.alter is not None},
        reset={name: one.reset for name, one in all_aspects.items() if one.reset},
    )


def parameters(target: str, options: str | None, *, follows: bool = False) -> Aspect:
    """The storage parameters of `target`, such as `TABLE books`.

    Args:
        target: What has them.
        options: As the catalog has them: `fillfactor=70, autovacuum_enabled=false`, or None.
        follows: Whether the statement that makes `target` is without them.
    """
    if options is None:
        return Aspect(None)
    names = ", ".join(one.partition("=")[0] for one in options.split(", "))
    return Aspect(options, f"ALTER {target} SET ({options})", f"ALTER {target} RESET ({names})", follows)


def tablespace(target: str, name: str | None, *, follows: bool = False) -> Aspect:
    """The tablespace of `target`, such as `TABLE books`: None is the database's own."""
    return Aspect(name, f"ALTER {target} SET TABLESPACE {name or 'pg_default'}", follows=follows)


def clauses(*parts: tuple[str, object]) -> str:
    """The clauses of a statement that have a value, such as `("WITH ({})", options)`, each after a space."""
    return "".join(f" {clause.format(value)}" for clause, value in parts if value)
