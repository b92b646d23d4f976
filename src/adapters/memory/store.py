"""What the in-memory storage holds between units of work."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from itertools import count

from application.ports.users import UserView
from domain.users.errors import EmailAlreadyTaken
from domain.users.user_id import UserId


class InMemoryStore:
    """The committed users, as immutable snapshots, so that no entity in somebody's hands can change them."""

    def __init__(self) -> None:
        self.users: dict[UserId, UserView] = {}
        self._owners: dict[str, UserId] = {}
        self._ids = count(1)

    def next_user_id(self) -> UserId:
        """An id that was never given before, also not to a user who was never committed."""
        return UserId(next(self._ids))

    def owner_of(self, email: str) -> UserId | None:
        """The id of the committed user with this address."""
        return self._owners.get(email)

    def replace(self, changed: Mapping[UserId, UserView], removed: AbstractSet[UserId]) -> None:
        """Put in what changed and take out what was removed; all of it, or nothing and `EmailAlreadyTaken`."""
        addresses = {user.email for user in changed.values()}
        owners = {user_id: self._owners.get(user.email, user_id) for user_id, user in changed.items()}
        if len(addresses) < len(changed) or any(o not in {i, *removed} for i, o in owners.items()):
            raise EmailAlreadyTaken
        for user_id in changed.keys() | removed:
            before = self.users.pop(user_id, None)
            if before is not None:
                del self._owners[before.email]
        for user_id, user in changed.items():
            self.users[user_id] = user
            self._owners[user.email] = user_id
