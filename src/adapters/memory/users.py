"""Users in memory."""

import asyncio
from operator import attrgetter

from adapters.memory.store import InMemoryStore
from application.pagination import Page, Position
from application.ports.users import UserFilter, UserSort, UserView
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAlreadyTaken, UserNotFound
from domain.users.user import User
from domain.users.user_id import UserId
from domain.users.user_name import UserName


class InMemoryUserRepository:
    """The users of one unit of work: entities in hand, the snapshots they came from, and what is to be removed.

    Nothing locks. As in a database without locks, whoever commits first wins and the other meets a conflict.
    """

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store
        self.in_hand: dict[UserId, User] = {}
        self.seen: dict[UserId, UserView] = {}
        self.removed: set[UserId] = set()

    async def add(self, user: User) -> None:
        """See `UserRepository.add`."""
        await asyncio.sleep(0)
        owner = self._store.owner_of(user.email.value)
        taken = owner is not None and owner not in self.removed
        if taken or user.email in {other.email for other in self.in_hand.values()}:
            raise EmailAlreadyTaken(user.email)
        user.id = self._store.next_user_id()
        self.in_hand[user.id] = user

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

    async def remove(self, user: User) -> None:
        """See `UserRepository.remove`."""
        self.in_hand.pop(user.id, None)
        self.removed.add(user.id)


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
