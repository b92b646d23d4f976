"""API keys in memory, with a clock, pauses and a slowness that tests choose."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from foundation.kernel.access.api_keys.issue_api_key import IssueApiKey, IssuedApiKey
from foundation.kernel.access.api_keys.policy import SCOPES
from foundation.kernel.access.api_keys.ports import ApiKeyFilter, ApiKeySort, ApiKeyView
from foundation.kernel.access.api_keys.use_cases import ApiKeyUseCases
from foundation.kernel.access.api_keys.values import ApiKeyId, ApiKeyName, OwnerId, ScopeList, TenantId
from foundation.kernel.access.principal import OPERATOR, Principal, PrincipalKind, acting_as
from foundation.memory.api_keys import API_KEYS
from foundation.memory.queries import InMemoryQueries
from foundation.memory.storage import InMemoryStorage
from foundation.testing.clocks import FixedClock

if TYPE_CHECKING:
    from foundation.kernel.errors import ApplicationError

READ: Final = "things:read"
WRITE: Final = "things:write"
KNOWN_SCOPES: Final = frozenset({READ, WRITE, *SCOPES})


class CountingQueries(InMemoryQueries[ApiKeyId, ApiKeyView, ApiKeyFilter, ApiKeySort]):
    """The read side, which counts how often a key is looked for.

    `pause` holds the answers back until it is set, after what they say was read. `error` is raised instead of them.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked = 0
        self.pause: asyncio.Event | None = None
        self.error: ApplicationError | None = None

    async def find(self, where: ApiKeyFilter) -> ApiKeyView | None:
        """See `Queries.find`."""
        self.asked += 1
        if self.error is not None:
            raise self.error
        found = await super().find(where)
        await asyncio.sleep(0)
        if self.pause is not None:
            await self.pause.wait()
        return found


class KeysInMemory:
    """The use cases of API keys. `slept` has the pauses that they made."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.storage = InMemoryStorage({"api_keys": API_KEYS})
        self.store = self.storage.store
        self.stored: dict[int, ApiKeyView] = self.store.table("api_keys").rows
        self.queries = CountingQueries(API_KEYS, lambda: self.store.table("api_keys"))
        self.slept: list[float] = []
        self.use_cases = ApiKeyUseCases(self.storage.unit_of_work, self.queries, self.clock, KNOWN_SCOPES, self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def issue(
        self,
        *scopes: str,
        owner: str | None = "42",
        tenant: str | None = None,
        expires_at: datetime | None = None,
    ) -> IssuedApiKey:
        """A key that an operator issues."""
        command = IssueApiKey(
            ApiKeyName("Key"),
            ScopeList(" ".join(scopes or (READ,))),
            OwnerId(owner) if owner is not None else None,
            TenantId(tenant) if tenant is not None else None,
            expires_at,
        )
        with acting_as(OPERATOR):
            return await self.use_cases.issue(command)


def key_holder(*scopes: str, owner: str | None = "42", tenant: str | None = None, key_id: str = "1") -> Principal:
    """Who comes with a key of these scopes."""
    return Principal(PrincipalKind.API_KEY, key_id, frozenset(scopes), tenant, owner)


def ids(keys: Iterable[ApiKeyView]) -> list[int]:
    """The ids of keys, in their order."""
    return [key.id for key in keys]
