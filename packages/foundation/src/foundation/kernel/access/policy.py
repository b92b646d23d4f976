"""Rules about rows: which of them a principal may see and change."""

from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeAlias

from foundation.kernel.access.principal import Principal
from foundation.kernel.errors import ApplicationError
from foundation.kernel.views import plain

Restriction: TypeAlias = Mapping[str, Any]
"""Which rows: those whose attributes have these values. An empty one admits every row."""

EVERY_ROW: Final[Restriction] = {}
NO_ROW: Final[Restriction] = {"id": None}
"""As in SQL, nothing equals None."""


def admits(restriction: Restriction, row: object) -> bool:
    """Whether the row, an entity or a view, is one that the restriction admits."""
    return all(
        wanted is not None and plain(getattr(row, name)) == plain(wanted) for name, wanted in restriction.items()
    )


class Forbidden(ApplicationError):
    """The principal is known, and may not do this. `scope` is the one that it lacks, if it lacks one."""

    code = "forbidden"
    sentence = "You may not do this."

    def __init__(self, sentence: str | None = None, *, scope: str | None = None) -> None:
        super().__init__(sentence)
        self.scope = scope


class RowPolicy(Protocol):
    """The rules about the rows of one class of entities.

    A row that a principal may not see does not exist for it: reading it is `NotFound`, and no list has it.
    """

    def readable(self, principal: Principal) -> Restriction:
        """The rows that the principal may see."""
        ...

    def changeable(self, principal: Principal) -> Restriction:
        """The rows that the principal may change and delete."""
        ...

    def check_adding(self, principal: Principal) -> None:
        """Raise `Forbidden` if the principal may add no rows."""
        ...


class ScopesOnly:
    """Every principal may see and change every row, as far as its scopes go."""

    def readable(self, _principal: Principal) -> Restriction:
        """See `RowPolicy.readable`."""
        return EVERY_ROW

    def changeable(self, _principal: Principal) -> Restriction:
        """See `RowPolicy.changeable`."""
        return EVERY_ROW

    def check_adding(self, _principal: Principal) -> None:
        """See `RowPolicy.check_adding`."""
