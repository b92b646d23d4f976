"""What clients send and receive about API keys."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, Field, WithJsonSchema

from foundation.http.openapi.security import LIST_OF_SCOPES
from foundation.http.schemas.fields import IfGiven, Nullable, Settable, TimeField, from_integer, from_text
from foundation.http.schemas.models import IdField, KeptTimeField, ListParameters, PageBody, RequestModel, sort_field
from foundation.http.schemas.presenting import PresentedBy, Presenter, present_time
from foundation.http.schemas.values import KEPT_TIME, MAX_TEXT_LENGTH
from foundation.kernel.access.api_keys.ports import ApiKeySort
from foundation.kernel.access.api_keys.rotate_api_key import DEFAULT_OVERLAP, MAX_OVERLAP, OverlapOutOfRange
from foundation.kernel.access.api_keys.values import (
    MAX_API_KEY_NAME_LENGTH,
    MAX_OWNER_LENGTH,
    MAX_SCOPES_LENGTH,
    MAX_TENANT_LENGTH,
    SCOPE_PATTERN,
    ApiKeyName,
    OwnerId,
    ScopeList,
)
from foundation.kernel.unset import UNSET

SENT_VISIBLE: Final = r"^[^\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]+$"
"""The pattern of a text that can be seen, with blanks around it, which are not kept."""

_VISIBLE: Final = r"^[^\x00-\x1f\x7f-\x9f]+$"


def _text(longest: int, description: str, example: str) -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": _VISIBLE,
        "minLength": 1,
        "maxLength": longest,
        "description": description,
        "examples": [example],
    }


_NAME: Final = _text(MAX_API_KEY_NAME_LENGTH, "What people call the key.", "Nightly export")
_OWNER: Final = _text(MAX_OWNER_LENGTH, "For whom it acts.", "42")
_TENANT: Final = _text(MAX_TENANT_LENGTH, "The tenant whose rows it works on.", "acme")
_SCOPES: Final = {
    "type": "string",
    "pattern": f"^{SCOPE_PATTERN}(?: {SCOPE_PATTERN})*$",
    "maxLength": MAX_SCOPES_LENGTH,
    "description": "What it may do: scopes with a blank between two, none of which its issuer lacks.",
    "examples": ["things:export things:read"],
    LIST_OF_SCOPES: False,
}
_SENT_SCOPES: Final = {
    **_SCOPES,
    "maxLength": MAX_TEXT_LENGTH,
    "pattern": "^[a-z0-9:\\t-\\r -]+$",
    LIST_OF_SCOPES: True,
}
_MOST_SECONDS: Final = int(MAX_OVERLAP.total_seconds())
_OVERLAP: Final = {
    "type": "integer",
    "format": "int32",
    "minimum": 0,
    "maximum": _MOST_SECONDS,
    "default": int(DEFAULT_OVERLAP.total_seconds()),
    "description": "Seconds for which the present secret stays good.",
}
_SECRET: Final = {
    "type": "string",
    "pattern": "^svc_[0-9A-Za-z]{36}$",
    "maxLength": 40,
    "description": "The secret, which is shown this once.",
}


def _sent(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a text that may have blanks around it, which are not kept."""
    return {**schema, "maxLength": MAX_TEXT_LENGTH, "pattern": SENT_VISIBLE}


def _overlap(seconds: int) -> timedelta:
    overlap = timedelta(seconds=max(-1, min(seconds, _MOST_SECONDS + 1)))
    if not timedelta() <= overlap <= MAX_OVERLAP:
        raise OverlapOutOfRange
    return overlap


def _present_optional_time(moment: datetime | None) -> datetime | str | None:
    return None if moment is None else present_time(moment)


_MaybeTime: TypeAlias = Annotated[
    str | None, WithJsonSchema({"anyOf": [KEPT_TIME, {"type": "null"}]}), PresentedBy(_present_optional_time)
]


class IssueApiKeyBody(RequestModel):
    """A new API key."""

    name: Annotated[ApiKeyName, from_text(ApiKeyName, _sent(_NAME))]
    scopes: Annotated[ScopeList, from_text(ScopeList, _SENT_SCOPES)]
    owner: Settable[Annotated[OwnerId, from_text(OwnerId, _sent(_OWNER))]] = UNSET
    expires_at: Nullable[TimeField] = Field(
        None, description="When it ends, in the future; null for never.", examples=["2999-12-31T23:59:59.000000Z"]
    )


class RotateApiKeyBody(RequestModel):
    """How an API key gets a new secret."""

    # A plain default would be in the document, and as the text of a duration.
    overlap_seconds: Annotated[timedelta, from_integer(_overlap, _OVERLAP)] = Field(
        default_factory=lambda: DEFAULT_OVERLAP
    )


class ListApiKeysParameters(ListParameters):
    """The query parameters of a list of API keys."""

    sort: Annotated[ApiKeySort, sort_field(ApiKeySort, ApiKeySort.ID)] = ApiKeySort.ID
    owner: IfGiven[Annotated[OwnerId, from_text(OwnerId, _sent(_OWNER))]] = Field(
        None, description="Only the keys of this owner."
    )


class ApiKeyBody(BaseModel):
    """An API key, without its secret."""

    id: IdField
    name: Annotated[str, WithJsonSchema(_NAME)]
    scopes: Annotated[str, WithJsonSchema(_SCOPES)]
    owner: Annotated[str, WithJsonSchema(_OWNER)] | None
    tenant: Annotated[str, WithJsonSchema(_TENANT)] | None
    expires_at: _MaybeTime = Field(description="When it ends; null for never.")
    previous_expires_at: _MaybeTime = Field(description="Until when the secret before the last rotation is good.")
    revoked_at: _MaybeTime = Field(description="When it was revoked; null for one that was not.")
    last_used_at: _MaybeTime = Field(description="When it was used last, to the minute.")
    created_at: KeptTimeField = Field(description="When it was issued.")
    updated_at: KeptTimeField = Field(description="When it was last changed.")


class IssuedApiKeyBody(ApiKeyBody):
    """An API key with its secret, which is shown this once."""

    secret: Annotated[str, WithJsonSchema(_SECRET)]


class ApiKeyPageBody(PageBody[ApiKeyBody]):
    """A page of API keys."""


present_api_key: Final = Presenter(ApiKeyBody)
