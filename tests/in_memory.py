"""The application on the in-memory storage, for tests that are about neither storages nor transports."""

from typing import TYPE_CHECKING, cast

from adapters import load_adapters
from application.users import UserUseCases
from foundation.kernel.access.policy import ScopesOnly
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.clock import Clock
from foundation.kernel.forget_expired_keys import ForgetExpiredKeysHandler
from foundation.memory.storage import InMemoryStorage, InMemoryUnitOfWork
from foundation.testing.clocks import FixedClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from application.unit_of_work import UnitOfWorkFactory
    from application.users.ports import UserView
    from foundation.memory.store import InMemoryStore


class InMemoryService:
    """Every use case, on the in-memory storage; on that of `rival_of`, if one is given.

    `units_of_work` holds each unit of work that was opened, and `rivals` what others will do: one of them comes
    before each commit.
    """

    def __init__(
        self, clock: Clock | None = None, *, access: RowAccess | None = None, rival_of: "InMemoryService | None" = None
    ) -> None:
        clock = clock or FixedClock()
        access = access or RowAccess(ScopesOnly())
        self.storage: InMemoryStorage = rival_of.storage if rival_of else InMemoryStorage(load_adapters("memory"))
        self.store: InMemoryStore = self.storage.store
        self.stored: dict[int, UserView] = self.store.table("users").rows
        self.units_of_work: list[InMemoryUnitOfWork] = []
        self.rivals: list[Callable[[], Awaitable[object]]] = []
        self.users = UserUseCases(
            cast("UnitOfWorkFactory", self._unit_of_work), self.storage.queries("users"), access, clock
        )
        self.create = self.users.create
        self.create_all = self.users.create_many
        self.get = self.users.get
        self.list = self.users.list
        self.update = self.users.update
        self.delete = self.users.delete
        self.import_all = self.users.import_
        self.export_all = self.users.export
        self.forget_expired_keys = ForgetExpiredKeysHandler(self._unit_of_work, clock)

    def _unit_of_work(self) -> InMemoryUnitOfWork:
        self.units_of_work.append(OvertakenUnitOfWork(self))
        return self.units_of_work[-1]


class OvertakenUnitOfWork(InMemoryUnitOfWork):
    """A unit of work that lets the next rival pass before it commits."""

    def __init__(self, service: InMemoryService) -> None:
        super().__init__(service.store)
        self._service = service

    async def commit(self) -> None:
        """See `UnitOfWork.commit`."""
        if self._service.rivals:
            await self._service.rivals.pop(0)()
        await super().commit()
