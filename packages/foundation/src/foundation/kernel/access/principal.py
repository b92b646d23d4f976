"""The principal: who a use case is carried out for."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_LONGEST_NAME: Final = 255


class PrincipalKind(StrEnum):
    """How a principal came in."""

    ANONYMOUS = "anonymous"
    """Over HTTP, while nothing is authenticated."""
    OPERATOR = "operator"
    """From the command line of the service."""
    API_KEY = "api-key"
    """By an API key of the service."""
    TOKEN = "token"  # noqa: S105 -- no password
    """By an access token of the identity provider."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls.

    Attributes:
        kind: How it came in.
        id: What tells it from the others of its kind: the subject of a token, the id of an API key.
        scopes: What it may do, such as `things:read`.
        tenant: The tenant whose rows it works on; None where there are no tenants.
        owner: For whom it acts, whose rows are its own; None where that is not known.
    """

    kind: PrincipalKind
    id: str = ""
    scopes: frozenset[str] = frozenset()
    tenant: str | None = None
    owner: str | None = None

    @property
    def name(self) -> str:
        """What tells it from every other principal, in at most 255 characters."""
        name = f"{self.kind}:{self.id}" if self.id else str(self.kind)
        if len(name) <= _LONGEST_NAME:
            return name
        return f"{self.kind}:sha256:{hashlib.sha256(self.id.encode()).hexdigest()}"

    @property
    def holder(self) -> str:
        """The name that its idempotency keys and cursors are kept under, with its tenant, in at most 255 characters.

        One subject may belong to several tenants, and what it was answered in one is not for the other.
        """
        if self.tenant is None:
            return self.name
        both = f"{len(self.id)}:{self.id}{self.tenant}"
        return f"{self.kind}:sha256:{hashlib.sha256(both.encode()).hexdigest()}"

    @property
    def acts_for(self) -> str:
        """Its owner, or itself where it has none: whose API keys are its own."""
        return self.owner or self.name

    def may(self, scope: str) -> bool:
        """Whether it has the scope; operators have every one."""
        return scope in self.scopes or self.kind is PrincipalKind.OPERATOR


ANONYMOUS: Final = Principal(PrincipalKind.ANONYMOUS)
OPERATOR: Final = Principal(PrincipalKind.OPERATOR)


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom, and by which request, the present task works. A request has an id over HTTP only."""

    principal: Principal
    request_id: str | None = None


_UNKNOWN: Final[tuple[Principal, str | None]] = (ANONYMOUS, None)
# A plain tuple, which is made for each request in a fifth of the time.
_current: ContextVar[tuple[Principal, str | None]] = ContextVar("caller", default=_UNKNOWN)


def current_caller() -> Caller:
    """The caller of the present task; anonymous where nothing said otherwise."""
    return Caller(*_current.get())


def current_principal() -> Principal:
    """The principal of the present task; anonymous where nothing said otherwise."""
    return _current.get()[0]


def begin_call(principal: Principal, request_id: str | None = None) -> None:
    """From now on, this task and those it starts work for this principal, by this request."""
    _current.set((principal, request_id))


@contextmanager
def acting_as(principal: Principal, request_id: str | None = None) -> Iterator[None]:
    """Inside, the task works for this principal."""
    token = _current.set((principal, request_id))
    try:
        yield
    finally:
        _current.reset(token)
