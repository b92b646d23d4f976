"""The revocation of access tokens."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Self

from foundation.kernel.entity import Entity
from foundation.kernel.errors import AlreadyTaken, InvalidValue, NotFound
from foundation.kernel.integer_id import IntegerId
from foundation.kernel.value_object import ValueObject

MAX_REVOKED_LENGTH = 255


class RevocationNotFound(NotFound):
    """No revocation has this id."""

    code = "revocation-not-found"

    def __init__(self, revocation_id: "RevocationId") -> None:
        super().__init__("There is no revocation with this id.")
        self.revocation_id = revocation_id


class AlreadyRevoked(AlreadyTaken):
    """The same tokens are revoked already."""

    code = "already-revoked"

    def __init__(self, *_values: object) -> None:
        super().__init__("These tokens are revoked already.")


class InvalidRevoked(InvalidValue):
    """The text names no tokens."""

    code = "invalid-revoked"


class RevokedBy(StrEnum):
    """What tells the tokens that are revoked."""

    SUBJECT = "subject"
    """Whom they are about; only those that were issued before the revocation."""
    KEY_ID = "key-id"
    """The key that signed them."""
    TOKEN_ID = "token-id"  # noqa: S105 -- no password
    """The id of the one token."""


@dataclass(frozen=True, slots=True, order=True)
class RevocationId(IntegerId):
    """Identifies a revocation."""


@dataclass(frozen=True, slots=True, order=True)
class Revoked(ValueObject[str]):
    """The subject, the id of a key or the id of a token: 1 to 255 printable characters.

    Raises:
        InvalidRevoked: it is not.
    """

    def __post_init__(self) -> None:
        if not 1 <= len(self.value) <= MAX_REVOKED_LENGTH or not self.value.isprintable():
            raise InvalidRevoked(f"What is revoked has 1 to {MAX_REVOKED_LENGTH} printable characters.")


class NewRevocation(NamedTuple):
    """The data needed to revoke tokens."""

    revoked_by: RevokedBy
    revoked: Revoked


@dataclass(eq=False, kw_only=True)
class Revocation(Entity[RevocationId]):
    """Tokens that are not accepted any more. Times are aware, in UTC, in microseconds."""

    id: RevocationId = field(init=False)
    revoked_by: RevokedBy
    revoked: Revoked
    created_at: datetime
    updated_at: datetime

    @classmethod
    def declare(cls, new: NewRevocation, *, at: datetime) -> Self:
        """A revocation of tokens, and of a subject's those that were issued before `at`."""
        return cls(revoked_by=new.revoked_by, revoked=new.revoked, created_at=at, updated_at=at)
