"""What clients send and receive."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from application.pagination import DEFAULT_LIMIT, LARGEST_LIMIT, Page, check_limit
from application.ports.users import UserFilter, UserSort, UserView
from application.users.create_user import CreateUser
from domain.errors import DomainError, InvalidValue
from domain.users.email_address import LONGEST_ADDRESS, EmailAddress
from domain.users.user_id import LARGEST_USER_ID
from domain.users.user_name import LONGEST_NAME, UserName

# RFC 3339, 5.6, with a mandatory zone and at most the microseconds that are stored.
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)")
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,9}")


# Marks errors whose code and message may be shown to clients: see `error_handlers`.
_OURS: Final = {"ours": True}


class _InvalidTime(InvalidValue):
    code = "invalid-time"


class _UnknownSort(InvalidValue):
    code = "unknown-sort"


def _from_text(read: Callable[[str], object]) -> PlainValidator:
    """Validate a text with a rule of the domain, and report the domain's code and message."""

    def validate(value: object) -> object:
        if not isinstance(value, str):
            raise PydanticCustomError("not-a-string", "must be a string, and not null", _OURS)
        try:
            return read(value)
        except DomainError as error:
            raise PydanticCustomError(error.code, str(error), _OURS) from None

    return PlainValidator(validate)


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


_EMAIL_SCHEMA: Final = {
    "type": "string",
    "format": "email",
    "maxLength": LONGEST_ADDRESS,
    "examples": ["user@example.com"],
}
_NAME_SCHEMA: Final = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "examples": ["John Doe"]}
_TIME_SCHEMA: Final = {"type": "string", "format": "date-time", "examples": ["2025-12-16T10:00:00.000000Z"]}

EmailField: TypeAlias = Annotated[EmailAddress, _from_text(EmailAddress), WithJsonSchema(_EMAIL_SCHEMA)]
NameField: TypeAlias = Annotated[UserName, _from_text(UserName), WithJsonSchema(_NAME_SCHEMA)]
TimeField: TypeAlias = Annotated[datetime, _from_text(_read_time), WithJsonSchema(_TIME_SCHEMA)]
# Absent is None; null is refused by the validator, which wants a string.
OptionalEmailField: TypeAlias = Annotated[EmailAddress | None, _from_text(EmailAddress), WithJsonSchema(_EMAIL_SCHEMA)]
OptionalNameField: TypeAlias = Annotated[UserName | None, _from_text(UserName), WithJsonSchema(_NAME_SCHEMA)]
OptionalTimeField: TypeAlias = Annotated[datetime | None, _from_text(_read_time), WithJsonSchema(_TIME_SCHEMA)]
LimitField: TypeAlias = Annotated[
    int, _from_text(_read_limit), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT})
]
SortField: TypeAlias = Annotated[
    UserSort, _from_text(_read_sort), WithJsonSchema({"type": "string", "enum": list(UserSort)})
]


class CreateUserBody(BaseModel):
    """A new user."""

    model_config = ConfigDict(extra="forbid")

    email: EmailField
    name: NameField

    def command(self) -> CreateUser:
        """What the client wishes."""
        return CreateUser(email=self.email, name=self.name)


class UpdateUserBody(BaseModel):
    """A JSON merge patch (RFC 7396) of a user. An absent field stays as it is; null is refused."""

    model_config = ConfigDict(extra="forbid")

    email: OptionalEmailField = None
    name: OptionalNameField = None


class ListUsersParameters(BaseModel):
    """The query parameters of a list of users."""

    model_config = ConfigDict(extra="forbid")

    limit: LimitField = DEFAULT_LIMIT
    cursor: str | None = None
    sort: SortField = UserSort.ID
    email: OptionalEmailField = None
    created_after: OptionalTimeField = None
    created_before: OptionalTimeField = None

    @property
    def where(self) -> UserFilter:
        """The filter."""
        return UserFilter(email=self.email, created_after=self.created_after, created_before=self.created_before)


class UserBody(BaseModel):
    """A user."""

    id: int = Field(ge=1, le=LARGEST_USER_ID)
    email: Annotated[str, WithJsonSchema(_EMAIL_SCHEMA)]
    name: Annotated[str, WithJsonSchema(_NAME_SCHEMA)]
    created_at: Annotated[str, WithJsonSchema(_TIME_SCHEMA)]
    updated_at: Annotated[str, WithJsonSchema(_TIME_SCHEMA)]


class UserPageBody(BaseModel):
    """A page of users."""

    items: list[UserBody]
    next_cursor: str | None = Field(description="Where the next page starts; null after the last page.")


def present_user(user: UserView) -> dict[str, Any]:
    """The user as a `UserBody`."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "created_at": _present_time(user.created_at),
        "updated_at": _present_time(user.updated_at),
    }


def present_page(page: Page[UserView], next_cursor: str | None) -> dict[str, Any]:
    """The page as a `UserPageBody`."""
    return {"items": [present_user(user) for user in page.items], "next_cursor": next_cursor}


def _present_time(moment: datetime) -> str:
    """RFC 3339 in UTC, always with six fractional digits; stored times are in UTC."""
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
