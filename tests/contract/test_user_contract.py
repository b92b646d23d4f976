"""Users keep the promises of every entity."""

from datetime import datetime
from typing import Any

from application.users.create_user import CreateUser
from application.users.ports import UserFilter, UserSort, UserView
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAlreadyTaken, UserNotFound
from domain.users.user import NewUser, User, UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.idempotency import Outcome
from foundation.kernel.idempotency_keys import IdempotencyKey
from foundation.testing.entity_contract import NOON, EntityContract
from foundation.testing.examples import EntityExamples


def new(number: int) -> NewUser:
    return NewUser(EmailAddress(f"user{number}@example.com"), UserName(f"User {number}"))


def change(user: User, number: int, at: datetime) -> None:
    user.change(UserChanges(name=UserName(f"Changed {number}")), at=at)


async def create(service: Any, user: NewUser, key: IdempotencyKey | None) -> Outcome[UserView]:
    created: Outcome[UserView] = await service.users.create(CreateUser(user, key))
    return created


class TestUsers(EntityContract):
    examples = EntityExamples(
        name="users",
        id=UserId,
        new=new,
        make=lambda described, at: User.register(described, at=at),
        view=UserView.of,
        change=change,
        not_found=UserNotFound,
        taken=EmailAlreadyTaken,
        queries=lambda service: service.queries,
        everything=UserFilter(),
        filters=[
            (UserFilter(email=EmailAddress("user3@example.com")), lambda user: user.email == "user3@example.com"),
            (UserFilter(created_after=NOON), lambda user: user.created_at > NOON),
            (UserFilter(created_before=NOON), lambda user: user.created_at < NOON),
        ],
        orders=list(UserSort),
        create=create,
        loads_in_bulk=True,
    )
