"""Keyset pagination: a page continues after a row, not after a number of rows, so every page costs the same."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from foundation.kernel.errors import InvalidValue

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 100

Item = TypeVar("Item", covariant=True)


class LimitOutOfRange(InvalidValue):
    """A page may not be that long."""

    code = "limit-out-of-range"

    def __init__(self) -> None:
        super().__init__(f"A page holds from 1 to {MAX_LIMIT} items.")


@dataclass(frozen=True, slots=True)
class Position:
    """The place of a row in a sorted list: the value it is sorted by, and its id, which breaks ties."""

    key: datetime | int
    id: int


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items of a sorted list, and where the next page starts; None after the last page.

    `total` is how many items the whole list has, where that was asked for.
    """

    items: tuple[Item, ...]
    next: Position | None
    total: int | None = None


def check_limit(limit: int) -> None:
    """Raise `LimitOutOfRange` unless a page may hold `limit` items."""
    if not 1 <= limit <= MAX_LIMIT:
        raise LimitOutOfRange
