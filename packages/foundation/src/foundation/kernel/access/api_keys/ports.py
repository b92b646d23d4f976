"""The ports of API keys, with the read model, the filter and the orders of lists."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, Self, TypeAlias

from foundation.kernel.access.api_keys.api_key import ApiKey
from foundation.kernel.access.api_keys.values import ApiKeyId, OwnerId
from foundation.kernel.queries import Queries, SortOrder
from foundation.kernel.repository import Repository
from foundation.kernel.unit_of_work import UnitOfWork
from foundation.kernel.views import view_of


class ApiKeyView(NamedTuple):
    """An API key as readers see it: plain values. Presenters leave the hashes out."""

    id: int
    name: str
    scopes: str
    owner: str | None
    tenant: str | None
    secret_hash: str
    previous_secret_hash: str | None
    previous_expires_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """The view of `key`."""
        return view_of(cls, key)


class ApiKeySort(SortOrder):
    """The orders of a list of API keys."""

    ID = "id"
    ID_DESCENDING = "-id"


@dataclass(frozen=True, slots=True)
class ApiKeyFilter:
    """Which API keys a list holds. `secret` is the hash of a present or of a previous secret."""

    owner: OwnerId | None = None
    secret: str | None = None


class ApiKeyRepository(Repository[ApiKey, ApiKeyId], Protocol):
    """The API keys, within a unit of work."""


class ApiKeyQueries(Queries[ApiKeyId, ApiKeyView, ApiKeyFilter, ApiKeySort], Protocol):
    """The read side of API keys."""


class WithApiKeys(UnitOfWork, Protocol):
    """A unit of work that has API keys among its entities."""

    api_keys: ApiKeyRepository


UnitsOfWork: TypeAlias = Callable[[], WithApiKeys]
