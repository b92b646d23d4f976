"""Sources of users for bulk loads."""

from collections.abc import AsyncIterator, Iterable, Sequence

from application.users.ports import NumberedUser
from domain.users.email_address import EmailAddress
from domain.users.user_name import UserName


def numbered(line: int, address: str, name: str = "Ada") -> NumberedUser:
    """The user of a line; `address` stands before `@example.com`."""
    return NumberedUser(line, EmailAddress(f"{address}@example.com"), UserName(name))


async def batches(*users: Sequence[NumberedUser]) -> AsyncIterator[Sequence[NumberedUser]]:
    """The users as they are given."""
    for batch in users:
        yield batch


async def many(numbers: Iterable[int], size: int = 500) -> AsyncIterator[Sequence[NumberedUser]]:
    """A user per number, made when it is asked for; fast, since there may be many."""
    batch: list[NumberedUser] = []
    for number in numbers:
        email = EmailAddress.trusted(f"user{number}@example.com")
        batch.append(NumberedUser(number + 1, email, UserName.trusted("Ada")))
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
