"""The in-memory transaction."""

from types import TracebackType
from typing import Self

from adapters.memory.users import InMemoryUserRepository
from application.users.ports import UserView
from domain.users.errors import EmailAlreadyTaken
from domain.users.user_id import UserId
from foundation.kernel.errors import WriteConflict
from foundation.memory.idempotency_keys import InMemoryIdempotencyKeys
from foundation.memory.store import InMemoryStore


class InMemoryUnitOfWork:
    """Stages changes and puts them into the store at commit, after checking versions and uniqueness."""

    users: InMemoryUserRepository
    idempotency_keys: InMemoryIdempotencyKeys

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store

    async def __aenter__(self) -> Self:
        """See `UnitOfWork`."""
        self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """See `UnitOfWork`; what is staged is dropped with the repositories."""
        self.idempotency_keys.release()
        self._begin()

    async def commit(self) -> None:
        """See `UnitOfWork.commit`. From the first check to the last write nothing else runs, so it is atomic.

        Nor does anything run before the first check: many writers of one user, all in step, would otherwise load the
        same version every time, and all but one of them would meet a conflict until they give up.
        """
        changed = self._changed()
        self._check_versions(changed)
        try:
            self._store.replace(changed, self.users.removed)
        except EmailAlreadyTaken:
            if self.users.added_together:
                raise WriteConflict from None
            raise
        self.idempotency_keys.put_into_store()
        self.idempotency_keys.release()
        self._begin()

    def _begin(self) -> None:
        self.users = InMemoryUserRepository(self._store)
        self.idempotency_keys = InMemoryIdempotencyKeys(self._store)

    def _changed(self) -> dict[UserId, UserView]:
        current = {user_id: UserView.of(user) for user_id, user in self.users.in_hand.items()}
        return {user_id: user for user_id, user in current.items() if user != self.users.seen.get(user_id)}

    def _check_versions(self, changed: dict[UserId, UserView]) -> None:
        for user_id in changed.keys() | self.users.removed:
            if self._store.users.get(user_id) != self.users.seen.get(user_id):
                raise WriteConflict
