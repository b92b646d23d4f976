"""What clients send and receive about users."""

from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, Field, WithJsonSchema

from application.users.create_users import MAX_BATCH_SIZE, BatchSizeOutOfRange
from application.users.ports import UserSort
from domain.users.email_address import EmailAddress
from domain.users.user_name import UserName
from entrypoints.http.v1.users.value_schemas import KEPT_EMAIL, KEPT_NAME, SENT_EMAIL, SENT_NAME
from foundation.http.schemas.fields import IfGiven, Settable, TimeField, from_text
from foundation.http.schemas.models import (
    IdField,
    KeptTimeField,
    ListParameters,
    PageBody,
    RequestModel,
    batch,
    sort_field,
)
from foundation.http.schemas.presenting import Presenter
from foundation.kernel.unset import UNSET

EmailField: TypeAlias = Annotated[EmailAddress, from_text(EmailAddress, SENT_EMAIL)]
NameField: TypeAlias = Annotated[UserName, from_text(UserName, SENT_NAME)]


class CreateUserBody(RequestModel):
    """A new user."""

    email: EmailField
    name: NameField


class CreateUsersBody(RequestModel):
    """New users, all of them or none."""

    items: Annotated[
        list[CreateUserBody],
        batch(MAX_BATCH_SIZE, BatchSizeOutOfRange),
        Field(json_schema_extra={"minItems": 1, "maxItems": MAX_BATCH_SIZE}),
    ]


class UpdateUserBody(RequestModel):
    """A JSON merge patch (RFC 7396) of a user. An absent field stays as it is; null is refused."""

    email: Settable[EmailField] = UNSET
    name: Settable[NameField] = UNSET


class ListUsersParameters(ListParameters):
    """The query parameters of a list of users: those of every list, and the fields of `UserFilter`."""

    sort: Annotated[UserSort, sort_field(UserSort, UserSort.ID)] = UserSort.ID
    email: IfGiven[EmailField] = Field(None, description="Only the user with this email address.")
    created_after: IfGiven[TimeField] = Field(None, description="Only users created later than this time.")
    created_before: IfGiven[TimeField] = Field(None, description="Only users created earlier than this time.")


class UserBody(BaseModel):
    """A user."""

    id: IdField
    email: Annotated[str, WithJsonSchema(KEPT_EMAIL)]
    name: Annotated[str, WithJsonSchema(KEPT_NAME)]
    created_at: KeptTimeField = Field(description="When the user was created.")
    updated_at: KeptTimeField = Field(description="When the user was last changed.")


class UserPageBody(PageBody[UserBody]):
    """A page of users."""


class UsersBody(BaseModel):
    """The users that were created, in the order in which they were sent."""

    items: list[UserBody] = Field(min_length=1, max_length=MAX_BATCH_SIZE)


present_user: Final = Presenter(UserBody)
