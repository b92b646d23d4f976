"""What a query of PostgreSQL's catalog gives: an object and where the catalog has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.statements import literal

Address: TypeAlias = tuple[str, int, int]
"""A catalog, the identifier of a row of it, and the number of a column or 0, as pg_depend has them
(https://www.postgresql.org/docs/current/catalog-pg-depend.html)."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object, its address, and the other addresses that mean it: of its index, its default, its row type."""

    address: Address
    object: CatalogObject
    aliases: tuple[Address, ...] = ()


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
