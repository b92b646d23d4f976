"""What clients send and receive."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from application.users.create_user import CreateUser
from application.users.create_users import LARGEST_BATCH, BatchSizeOutOfRange, CreateUsers
from application.users.ports import UserFilter, UserSort, UserView
from domain.users.email_address import EmailAddress
from domain.users.user import NewUser, UserChanges
from domain.users.user_name import UserName
from entrypoints.http.v1.users.value_schemas import (
    COUNT,
    CURSOR,
    KEPT_EMAIL,
    KEPT_NAME,
    KEPT_TIME,
    LIMIT,
    LONGEST_TEXT,
    SENT_EMAIL,
    SENT_NAME,
    SENT_TIME,
    SORT,
    USER_ID,
)
from foundation.kernel.errors import DomainError, InvalidValue
from foundation.kernel.idempotency_keys import IdempotencyKey
from foundation.kernel.pagination import DEFAULT_LIMIT, LARGEST_LIMIT, Page, check_limit
from foundation.times import rfc3339

# RFC 3339, 5.6, with a mandatory zone and at most the microseconds that are stored.
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)")
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,9}")


# Marks errors whose code and message may be shown to clients: see `error_handlers`.
_OURS: Final = {"ours": True}


class _InvalidTime(InvalidValue):
    code = "invalid-time"


class _UnknownSort(InvalidValue):
    code = "unknown-sort"


def from_text(read: Callable[[str], object]) -> PlainValidator:
    """Validate a text with a rule of the domain, and report the domain's code and message."""

    def validate(value: object) -> object:
        if not isinstance(value, str):
            raise PydanticCustomError("not-a-string", "must be a string, and not null", _OURS)
        if len(value) > LONGEST_TEXT:
            raise PydanticCustomError("text-too-long", f"must have at most {LONGEST_TEXT} characters", _OURS)
        try:
            return read(value)
        except DomainError as error:
            raise PydanticCustomError(error.code, str(error), _OURS) from None

    return PlainValidator(validate)


def _check_batch(items: object) -> object:
    """Before any item is looked at: there may be very many."""
    if not isinstance(items, list):
        raise PydanticCustomError("not-an-array", "must be an array", _OURS)
    if not 1 <= len(items) <= LARGEST_BATCH:
        error = BatchSizeOutOfRange()
        raise PydanticCustomError(error.code, str(error), _OURS)
    return items


def _read_time(text: str) -> datetime:
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _InvalidTime(
        "must be an RFC 3339 time with a zone, such as 2025-12-16T10:00:00Z; a + is written %2B in a URL"
    )


def _read_limit(text: str) -> int:
    limit = int(text) if _DECIMAL.fullmatch(text) else 0
    check_limit(limit)
    return limit


def _read_sort(text: str) -> UserSort:
    try:
        return UserSort(text)
    except ValueError:
        raise _UnknownSort("must be one of " + ", ".join(UserSort)) from None


EmailField: TypeAlias = Annotated[EmailAddress, from_text(EmailAddress), WithJsonSchema(SENT_EMAIL)]
NameField: TypeAlias = Annotated[UserName, from_text(UserName), WithJsonSchema(SENT_NAME)]
# Absent is None; null is refused by the validator, which wants a string.
OptionalEmailField: TypeAlias = Annotated[EmailAddress | None, from_text(EmailAddress), WithJsonSchema(SENT_EMAIL)]
OptionalNameField: TypeAlias = Annotated[UserName | None, from_text(UserName), WithJsonSchema(SENT_NAME)]
OptionalTimeField: TypeAlias = Annotated[datetime | None, from_text(_read_time), WithJsonSchema(SENT_TIME)]
LimitField: TypeAlias = Annotated[int, from_text(_read_limit), WithJsonSchema(LIMIT)]
SortField: TypeAlias = Annotated[UserSort, from_text(_read_sort), WithJsonSchema(SORT)]
KeptTimeField: TypeAlias = Annotated[str, WithJsonSchema(KEPT_TIME)]
ID_SCHEMA: Final = WithJsonSchema(USER_ID)


class CreateUserBody(BaseModel):
    """A new user."""

    model_config = ConfigDict(extra="forbid")

    email: EmailField
    name: NameField

    def command(self, key: IdempotencyKey | None = None) -> CreateUser:
        """The command; idempotent if there is a key."""
        return CreateUser(self.new_user(), key)

    def new_user(self) -> NewUser:
        """The user to create."""
        return NewUser(self.email, self.name)


class CreateUsersBody(BaseModel):
    """New users, all of them or none."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[
        list[CreateUserBody],
        BeforeValidator(_check_batch),
        Field(json_schema_extra={"minItems": 1, "maxItems": LARGEST_BATCH}),
    ]

    def command(self, key: IdempotencyKey | None = None) -> CreateUsers:
        """The command; idempotent if there is a key."""
        return CreateUsers(tuple(item.new_user() for item in self.items), key)


class UpdateUserBody(BaseModel):
    """A JSON merge patch (RFC 7396) of a user. An absent field stays as it is; null is refused."""

    model_config = ConfigDict(extra="forbid")

    email: OptionalEmailField = None
    name: OptionalNameField = None

    def changes(self) -> UserChanges:
        """What is to be changed."""
        return UserChanges(**{name: getattr(self, name) for name in self.model_fields_set})


class ListUsersParameters(BaseModel):
    """The query parameters of a list of users."""

    model_config = ConfigDict(extra="forbid")

    limit: LimitField = DEFAULT_LIMIT
    cursor: Annotated[str | None, WithJsonSchema(CURSOR)] = None
    sort: SortField = UserSort.ID
    email: OptionalEmailField = Field(None, description="Only the user with this email address.")
    created_after: OptionalTimeField = Field(None, description="Only users created later than this time.")
    created_before: OptionalTimeField = Field(None, description="Only users created earlier than this time.")

    @property
    def where(self) -> UserFilter:
        """The filter."""
        return UserFilter(email=self.email, created_after=self.created_after, created_before=self.created_before)


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


class UserBody(BaseModel):
    """A user."""

    id: Annotated[int, ID_SCHEMA]
    email: Annotated[str, WithJsonSchema(KEPT_EMAIL)]
    name: Annotated[str, WithJsonSchema(KEPT_NAME)]
    created_at: KeptTimeField = Field(description="When the user was created.")
    updated_at: KeptTimeField = Field(description="When the user was last changed.")


class UserPageBody(BaseModel):
    """A page of users."""

    items: list[UserBody] = Field(max_length=LARGEST_LIMIT)
    next_cursor: Annotated[str, WithJsonSchema(CURSOR)] | None = Field(
        description="Where the next page starts; null after the last page."
    )
    total: Annotated[int, WithJsonSchema(COUNT)] | SkipJsonSchema[None] = Field(
        None,
        description="How many users the whole list has; only for a request that prefers count=exact.",
        json_schema_extra=_without_default,
    )


class UsersBody(BaseModel):
    """The users that were created, in the order in which they were sent."""

    items: list[UserBody] = Field(min_length=1, max_length=LARGEST_BATCH)


def present_user(user: UserView) -> dict[str, Any]:
    """The user as a `UserBody`, for `json_response`."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "created_at": _present_time(user.created_at),
        "updated_at": _present_time(user.updated_at),
    }


def _present_time(moment: datetime) -> datetime | str:
    # `json_response` writes times faster than we could, but would leave out six zeros.
    return moment if moment.microsecond else rfc3339(moment)


def present_page(page: Page[UserView], next_cursor: str | None) -> dict[str, Any]:
    """The page as a `UserPageBody`."""
    total = {"total": page.total} if page.total is not None else {}
    return {**present_users(page.items), "next_cursor": next_cursor, **total}


def present_users(users: Sequence[UserView]) -> dict[str, Any]:
    """The users as a `UsersBody`."""
    return {"items": [present_user(user) for user in users]}
