"""What the in-memory storage holds between units of work."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from itertools import count
from typing import TYPE_CHECKING

from application.users.ports import UserView
from domain.users.errors import EmailAlreadyTaken
from domain.users.user_id import UserId

if TYPE_CHECKING:
    from foundation.kernel.idempotency_keys import IdempotencyKey, RecordedAnswer


class InMemoryStore:
    """The committed users, as immutable snapshots, so that no entity in somebody's hands can change them.

    `answers` are those recorded under idempotency keys, and `claimed` the keys that open units of work have claimed.
    """

    def __init__(self) -> None:
        self.users: dict[UserId, UserView] = {}
        self.answers: dict[IdempotencyKey, RecordedAnswer] = {}
        self.claimed: set[IdempotencyKey] = set()
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
        owners = {self._owners[address] for address in addresses if address in self._owners}
        # An owner who is changed, too, gives the old address up, or else has it twice.
        if len(addresses) < len(changed) or not owners <= changed.keys() | removed:
            raise EmailAlreadyTaken
        for user_id in changed.keys() | removed:
            before = self.users.pop(user_id, None)
            if before is not None:
                del self._owners[before.email]
        for user_id, user in changed.items():
            self.users[user_id] = user
            self._owners[user.email] = user_id
