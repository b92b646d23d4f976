"""Issue an API key."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from foundation.kernel.access.api_keys.api_key import ApiKey, NewApiKey
from foundation.kernel.access.api_keys.policy import check_issuing
from foundation.kernel.access.api_keys.ports import ApiKeyView, UnitsOfWork
from foundation.kernel.access.api_keys.secret import hash_of, new_secret
from foundation.kernel.access.api_keys.values import ApiKeyName, InvalidScopes, OwnerId, ScopeList, SecretHash, TenantId
from foundation.kernel.access.principal import current_principal
from foundation.kernel.clock import Clock
from foundation.kernel.errors import InvalidValue
from foundation.kernel.unset import UNSET, Unset
from foundation.kernel.views import plain


class ExpiryInThePast(InvalidValue):
    """A key that has expired already would be of no use."""

    code = "expiry-in-the-past"


@dataclass(frozen=True, slots=True)
class IssueApiKey:
    """The command to issue an API key. An owner or a tenant that is not given is that of the principal."""

    name: ApiKeyName
    scopes: ScopeList
    owner: OwnerId | Unset | None = UNSET
    tenant: TenantId | Unset | None = UNSET
    expires_at: datetime | None = None


class IssuedApiKey(NamedTuple):
    """A key with its secret, which is never shown again."""

    key: ApiKeyView
    secret: str


class IssueApiKeyHandler:
    """Issues API keys. `known_scopes` are those that the service has."""

    def __init__(self, unit_of_work: UnitsOfWork, clock: Clock, known_scopes: Collection[str]) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._known_scopes = frozenset(known_scopes)

    async def __call__(self, command: IssueApiKey) -> IssuedApiKey:
        """Issue the key.

        Raises:
            InvalidScopes: the service has no such scope.
            ExpiryInThePast: the key would have expired.
            Forbidden: the key would do more than the principal may.
        """
        principal = current_principal()
        owner = principal.acts_for if command.owner is UNSET else plain(command.owner)
        tenant = principal.tenant if command.tenant is UNSET else plain(command.tenant)
        self._check_known(command.scopes)
        check_issuing(principal, command.scopes.members, owner, tenant)
        now = self._clock.now()
        if command.expires_at is not None and command.expires_at <= now:
            raise ExpiryInThePast("An API key expires in the future, or never.")
        secret = new_secret()
        new = NewApiKey(
            command.name,
            command.scopes,
            SecretHash(hash_of(secret)),
            OwnerId(owner) if owner is not None else None,
            TenantId(tenant) if tenant is not None else None,
            command.expires_at,
        )
        async with self._unit_of_work() as uow:
            key = ApiKey.issue(new, at=now)
            await uow.api_keys.add(key)
            await uow.commit()
            return IssuedApiKey(ApiKeyView.of(key), secret)

    def _check_known(self, scopes: ScopeList) -> None:
        if not scopes.members <= self._known_scopes:
            raise InvalidScopes(f"The scopes are {', '.join(sorted(self._known_scopes))}.")
