"""The values of API keys."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from foundation.kernel.errors import InvalidValue
from foundation.kernel.integer_id import IntegerId
from foundation.kernel.value_object import ValueObject

MAX_API_KEY_NAME_LENGTH: Final = 100
MAX_OWNER_LENGTH: Final = 255
MAX_TENANT_LENGTH: Final = 100
MAX_SCOPES_LENGTH: Final = 1000
SCOPE_PATTERN: Final = "[a-z][a-z0-9-]{0,49}:[a-z][a-z0-9-]{0,49}"

_SCOPE: Final = re.compile(SCOPE_PATTERN)


class InvalidText(InvalidValue):
    """The text is empty, too long, or has characters that cannot be seen."""

    code = "invalid-text"


class InvalidScopes(InvalidValue):
    """The text is not a list of scopes."""

    code = "invalid-scopes"


@dataclass(frozen=True, slots=True, order=True)
class ApiKeyId(IntegerId):
    """Identifies an API key."""


@dataclass(frozen=True, slots=True, order=True)
class _VisibleText(ValueObject[str]):
    """Characters that can be seen, and blanks within."""

    what: ClassVar[str]
    longest: ClassVar[int]

    def __post_init__(self) -> None:
        text = self.value.strip()
        if not 1 <= len(text) <= self.longest or not text.isprintable():
            raise InvalidText(f"{self.what} has 1 to {self.longest} characters that can be seen.")
        object.__setattr__(self, "value", text)


@dataclass(frozen=True, slots=True, order=True)
class ApiKeyName(_VisibleText):
    """What people call the key: 1 to 100 printable characters.

    Raises:
        InvalidText: it is not.
    """

    what = "The name of an API key"
    longest = MAX_API_KEY_NAME_LENGTH


@dataclass(frozen=True, slots=True, order=True)
class OwnerId(_VisibleText):
    """For whom the key acts, as policies know them: 1 to 255 printable characters.

    Raises:
        InvalidText: it is not.
    """

    what = "An owner"
    longest = MAX_OWNER_LENGTH


@dataclass(frozen=True, slots=True, order=True)
class TenantId(_VisibleText):
    """The tenant whose rows the key works on: 1 to 100 printable characters.

    Raises:
        InvalidText: it is not.
    """

    what = "A tenant"
    longest = MAX_TENANT_LENGTH


@dataclass(frozen=True, slots=True, order=True)
class SecretHash(ValueObject[str]):
    """The SHA-256 of a secret, in hexadecimal."""


@dataclass(frozen=True, slots=True, order=True)
class ScopeList(ValueObject[str]):
    """Scopes such as `things:read`, one or more, kept in alphabetical order with blanks between (RFC 6749, 3.3).

    Raises:
        InvalidScopes: there is none, one has another form, or they have more than 1,000 characters together.
    """

    def __post_init__(self) -> None:
        scopes = sorted(set(self.value.split()))
        text = " ".join(scopes)
        if not scopes or len(text) > MAX_SCOPES_LENGTH or not all(map(_SCOPE.fullmatch, scopes)):
            raise InvalidScopes("Scopes have a form such as things:read, and there is at least one.")
        object.__setattr__(self, "value", text)

    @property
    def members(self) -> frozenset[str]:
        """The scopes."""
        return frozenset(self.value.split())
