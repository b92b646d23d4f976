"""The API key."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, Self

from foundation.kernel.access.api_keys.values import ApiKeyId, ApiKeyName, OwnerId, ScopeList, SecretHash, TenantId
from foundation.kernel.entity import Entity
from foundation.kernel.errors import DomainError, NotFound
from foundation.kernel.versions import next_version

UNAUDITED: Final = frozenset({"last_used_at", "updated_at"})
"""Attributes whose change is no act of a principal."""


class ApiKeyNotFound(NotFound):
    """No API key has this id."""

    code = "api-key-not-found"

    def __init__(self, key_id: ApiKeyId) -> None:
        super().__init__("There is no API key with this id.")
        self.key_id = key_id


class ApiKeyEnded(DomainError):
    """The API key was revoked, or has expired, and stays so."""

    code = "api-key-ended"

    def __init__(self) -> None:
        super().__init__("The API key was revoked or has expired. Issue a new one.")


class NewApiKey(NamedTuple):
    """The data needed to issue an API key; without `expires_at`, it is good until it is revoked."""

    name: ApiKeyName
    scopes: ScopeList
    secret_hash: SecretHash
    owner: OwnerId | None = None
    tenant: TenantId | None = None
    expires_at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class ApiKey(Entity[ApiKeyId]):
    """A secret by which a program proves that it acts for its owner, within some scopes.

    Only the hash of the secret is kept. After a rotation the previous secret is good until `previous_expires_at`, so
    that clients can be given the new one one after the other. `updated_at` is the version. Times are aware, in UTC, in
    microseconds.
    """

    id: ApiKeyId = field(init=False)
    name: ApiKeyName
    scopes: ScopeList
    owner: OwnerId | None
    tenant: TenantId | None
    secret_hash: SecretHash
    previous_secret_hash: SecretHash | None
    previous_expires_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def issue(cls, new: NewApiKey, *, at: datetime) -> Self:
        """A new API key, good from `at` on."""
        return cls(
            **new._asdict(),
            previous_secret_hash=None,
            previous_expires_at=None,
            revoked_at=None,
            last_used_at=None,
            created_at=at,
            updated_at=at,
        )

    def rotate(self, secret_hash: SecretHash, *, previous_until: datetime, at: datetime) -> None:
        """Take a new secret, and accept the present one until a time. The one before it is not accepted any more.

        Raises:
            ApiKeyEnded: the key was revoked, or has expired.
        """
        if self.has_ended(at):
            raise ApiKeyEnded
        self.previous_secret_hash = self.secret_hash
        self.previous_expires_at = previous_until
        self.secret_hash = secret_hash
        self.updated_at = next_version(self.updated_at, at)

    def revoke(self, *, at: datetime) -> None:
        """Be good for nothing from `at` on; what is revoked stays so."""
        if self.revoked_at is None:
            self.revoked_at = at
            self.updated_at = next_version(self.updated_at, at)

    def record_use(self, *, at: datetime) -> None:
        """Remember that it was used, if that is later than what is known."""
        if self.last_used_at is None or at > self.last_used_at:
            self.last_used_at = at
            self.updated_at = next_version(self.updated_at, at)

    def has_ended(self, at: datetime) -> bool:
        """Whether it was revoked or has expired by then."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= at)
