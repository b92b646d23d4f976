"""Sources of users for bulk loads."""

from collections.abc import AsyncIterator, Iterable, Sequence

from domain.users.email_address import EmailAddress
from domain.users.user import NewUser
from domain.users.user_name import UserName
from foundation.kernel.bulk_loading import Numbered


def numbered(line: int, address: str, name: str = "Ada") -> Numbered[NewUser]:
    """The user of a line; `address` stands before `@example.com`."""
    return Numbered(line, NewUser(EmailAddress(f"{address}@example.com"), UserName(name)))


async def batches(*users: Sequence[Numbered[NewUser]]) -> AsyncIterator[Sequence[Numbered[NewUser]]]:
    """The users as they are given."""
    for batch in users:
        yield batch


async def many(numbers: Iterable[int], size: int = 500) -> AsyncIterator[Sequence[Numbered[NewUser]]]:
    """A user per number, made when it is asked for; fast, since there may be many."""
    batch: list[Numbered[NewUser]] = []
    for number in numbers:
        email = EmailAddress.trusted(f"user{number}@example.com")
        batch.append(Numbered(number + 1, NewUser(email, UserName.trusted("Ada"))))
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
