"""What a query of PostgreSQL's catalog gives: an object and where the catalog has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Row

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.statements import joined, known, literal

Address: TypeAlias = tuple[str, int, int]
"""A catalog, the identifier of a row of it, and the number of a column or 0, as pg_depend has them
(https://www.postgresql.org/docs/current/catalog-pg-depend.html)."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object, its address, and the other addresses that mean it: of its index, its default, its row type."""

    address: Address
    object: CatalogObject
    aliases: tuple[Address, ...] = ()


def catalog_object(
    kind: str,
    target: str,
    row: Row[Any],
    create: str,
    *,
    aspects: Mapping[str, object],
    alter: Mapping[str, str] | None = None,
    of_table: bool = False,
    **others: Any,
) -> CatalogObject:
    """The object of a row with `name`, `comment` and, if it belongs to one, its `table`.

    COMMENT ON and DROP call it `target`. `create`, `aspects` and `alter` are without the comment; `others` are further
    attributes of `CatalogObject`, or replace what is derived.
    """
    return CatalogObject(
        kind=kind,
        **{
            "name": f"{row.table}.{row.name}" if of_table else row.name,
            "table": row.table if of_table else None,
            "create": joined(create, commented(target, row.comment)),
            "drop": f"DROP {target}",
            **others,
        },
        aspects=known({**aspects, "comment": row.comment}),
        alter={**(alter or {}), "comment": comment_on(target, row.comment)},
    )


def comment_on(target: str, comment: str | None) -> str:
    """The statement that gives `target`, such as `TABLE books`, its comment or takes it away."""
    return f"COMMENT ON {target} IS {literal(comment)}"


def commented(target: str, comment: str | None) -> str:
    """The same, to follow the statement that makes it: empty where there is no comment."""
    return "" if comment is None else comment_on(target, comment)


def parameters(target: str, options: str | None) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What alters and what resets the storage parameters of `target`, such as `TABLE books`.

    Args:
        target: What has them.
        options: As the catalog has them: `fillfactor=70, autovacuum_enabled=false`, or None.
    """
    if options is None:
        return {"storage parameters": ""}, {}
    names = ", ".join(one.partition("=")[0] for one in options.split(", "))
    aspect = "storage parameters"
    return {aspect: f"ALTER {target} SET ({options})"}, {aspect: f"ALTER {target} RESET ({names})"}
