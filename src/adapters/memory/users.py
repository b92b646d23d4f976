"""Users in memory."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final

from application.users.ports import UserFilter, UserSort, UserView
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAddressesTaken, EmailAlreadyTaken, UserNotFound
from domain.users.user import NewUser, User
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.bulk_loading import Loaded, Numbered
from foundation.kernel.pagination import Page, Position
from foundation.memory.store import InMemoryStore

# How many users one read of all of them brings.
_AT_A_TIME: Final = 1000


class InMemoryUserRepository:
    """The users of one unit of work: entities in hand, the snapshots they came from, and what is to be removed.

    Nothing locks. As in a database without locks, whoever commits first wins and the other meets a conflict.
    `added_together` says that an address which somebody else commits first is such a conflict, too: among many, the
    caller cannot tell which one it was, and a new look will.
    """

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store
        self.in_hand: dict[UserId, User] = {}
        self.seen: dict[UserId, UserView] = {}
        self.removed: set[UserId] = set()
        self.added_together = False

    async def add(self, user: User) -> None:
        """See `UserRepository.add`."""
        await asyncio.sleep(0)
        if self._has_owner(user.email) or any(other.email == user.email for other in self.in_hand.values()):
            raise EmailAlreadyTaken(user.email)
        self._take_in(user)

    async def add_all(self, users: Sequence[User]) -> None:
        """See `UserRepository.add_all`."""
        await asyncio.sleep(0)
        _, taken = self.parted(users, self.addresses_in_hand())
        if taken:
            raise EmailAddressesTaken(tuple(taken))
        self.take_in_together(users)

    async def get(self, user_id: UserId) -> User:
        """See `UserRepository.get`."""
        await asyncio.sleep(0)
        if user_id in self.removed:
            raise UserNotFound(user_id)
        if user_id not in self.in_hand:
            snapshot = self._store.users.get(user_id)
            if snapshot is None:
                raise UserNotFound(user_id)
            self.seen[user_id] = snapshot
            self.in_hand[user_id] = _restore(snapshot)
        return self.in_hand[user_id]

    async def load(self, batches: AsyncIterable[Sequence[Numbered[NewUser]]], at: datetime, reported: int) -> Loaded:
        """See `BulkLoader.load`; memory is the storage, so here it does grow."""
        added = 0
        taken: list[int] = []
        known = self.addresses_in_hand()
        async for batch in batches:
            await asyncio.sleep(0)
            newcomers = [User.register(line.value, at=at) for line in batch]
            free, positions = self.parted(newcomers, known)
            self.take_in_together(free)
            added += len(free)
            taken += [batch[position].line for position in positions]
        return Loaded(added, len(taken), tuple(sorted(taken)[:reported]))

    async def remove(self, user: User) -> None:
        """See `UserRepository.remove`."""
        self.in_hand.pop(user.id, None)
        self.removed.add(user.id)

    def addresses_in_hand(self) -> set[EmailAddress]:
        """The addresses of those whom this unit of work has loaded or added."""
        return {user.email for user in self.in_hand.values()}

    def parted(self, users: Sequence[User], known: set[EmailAddress]) -> tuple[list[User], list[int]]:
        """Those whose address is free, and the positions of the others; every address becomes `known`."""
        free: list[User] = []
        taken: list[int] = []
        for position, user in enumerate(users):
            if user.email in known or self._has_owner(user.email):
                taken.append(position)
            else:
                free.append(user)
            known.add(user.email)
        return free, taken

    def take_in_together(self, users: Sequence[User]) -> None:
        """Add users whose addresses are free."""
        self.added_together = True
        for user in users:
            self._take_in(user)

    def _has_owner(self, email: EmailAddress) -> bool:
        owner = self._store.owner_of(email.value)
        # The addresses of users in hand are their own, which may no longer be what is stored.
        return owner is not None and owner not in self.removed and owner not in self.in_hand

    def _take_in(self, user: User) -> None:
        user.id = self._store.next_user_id()
        self.in_hand[user.id] = user


class InMemoryUserQueries:
    """The committed users, sorted and filtered on demand."""

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store

    async def get(self, user_id: UserId) -> UserView:
        """See `UserQueries.get`."""
        user = self._store.users.get(user_id)
        if user is None:
            raise UserNotFound(user_id)
        return user

    async def list(self, where: UserFilter, sort: UserSort, limit: int, after: Position | None) -> Page[UserView]:
        """See `UserQueries.list`."""
        place = attrgetter(sort.field, "id")
        users = sorted((u for u in self._store.users.values() if _admits(where, u)), key=place, reverse=sort.descending)
        if after is not None:
            last = (after.key, after.id)
            users = [u for u in users if (place(u) < last if sort.descending else place(u) > last)]
        items = tuple(users[:limit])
        more = len(users) > limit
        return Page(items, Position(getattr(items[-1], sort.field), items[-1].id) if more else None)

    async def count(self, where: UserFilter) -> int:
        """See `UserQueries.count`."""
        return sum(_admits(where, user) for user in self._store.users.values())

    async def iterate_all(self) -> AsyncIterator[Sequence[UserView]]:
        """See `Queries.iterate_all`."""
        users = self._store.users
        ids = sorted(users)
        for start in range(0, len(ids), _AT_A_TIME):
            await asyncio.sleep(0)
            # Who was there at the beginning may have been removed since.
            if page := [users[user_id] for user_id in ids[start : start + _AT_A_TIME] if user_id in users]:
                yield page


def _restore(snapshot: UserView) -> User:
    user = User(
        email=EmailAddress.trusted(snapshot.email),
        name=UserName.trusted(snapshot.name),
        created_at=snapshot.created_at,
        updated_at=snapshot.updated_at,
    )
    user.id = UserId(snapshot.id)
    return user


def _admits(where: UserFilter, user: UserView) -> bool:
    return (
        (where.email is None or user.email == where.email.value)
        and (where.created_after is None or user.created_at > where.created_after)
        and (where.created_before is None or user.created_at < where.created_before)
    )
