"""The ports of revocations, with the read model and the orders of lists."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, Self, TypeAlias

from foundation.kernel.access.revocations.revocation import Revocation, RevocationId
from foundation.kernel.queries import Queries, SortOrder
from foundation.kernel.repository import Repository
from foundation.kernel.unit_of_work import UnitOfWork
from foundation.kernel.views import view_of


class RevocationView(NamedTuple):
    """A revocation as readers see it: plain values."""

    id: int
    revoked_by: str
    revoked: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, revocation: Revocation) -> Self:
        """The view of `revocation`."""
        return view_of(cls, revocation)


class RevocationSort(SortOrder):
    """The orders of a list of revocations."""

    ID = "id"
    ID_DESCENDING = "-id"


@dataclass(frozen=True, slots=True)
class RevocationFilter:
    """Which revocations a list holds: all of them."""


class RevocationRepository(Repository[Revocation, RevocationId], Protocol):
    """The revocations, within a unit of work."""


class RevocationQueries(Queries[RevocationId, RevocationView, RevocationFilter, RevocationSort], Protocol):
    """The read side of revocations."""


class WithRevocations(UnitOfWork, Protocol):
    """A unit of work that has revocations among its entities."""

    revocations: RevocationRepository


UnitsOfWork: TypeAlias = Callable[[], WithRevocations]
