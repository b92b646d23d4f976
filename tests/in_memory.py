"""The application on the in-memory storage, for tests that are about neither storages nor transports."""

from typing import TYPE_CHECKING

from adapters.memory.users import InMemoryUserQueries
from application.users.create_user import CreateUserHandler
from application.users.create_users import CreateUsersHandler
from application.users.delete_user import DeleteUserHandler
from application.users.export_users import ExportUsersHandler
from application.users.get_user import GetUserHandler
from application.users.import_users import ImportUsersHandler
from application.users.list_users import ListUsersHandler
from application.users.update_user import UpdateUserHandler
from clocks import FixedClock
from foundation.kernel.clock import Clock
from foundation.kernel.forget_expired_keys import ForgetExpiredKeysHandler
from foundation.memory.store import InMemoryStore
from foundation.memory.unit_of_work import InMemoryUnitOfWork

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class InMemoryService:
    """Every use case, on the in-memory storage; on that of `rival_of`, if one is given.

    `units_of_work` holds each unit of work that was opened, and `rivals` what others will do: one of them comes
    before each commit.
    """

    def __init__(self, clock: Clock | None = None, *, rival_of: "InMemoryService | None" = None) -> None:
        clock = clock or FixedClock()
        self.store: InMemoryStore = rival_of.store if rival_of else InMemoryStore()
        self.units_of_work: list[InMemoryUnitOfWork] = []
        self.rivals: list[Callable[[], Awaitable[object]]] = []
        queries = InMemoryUserQueries(self.store)
        self.create = CreateUserHandler(self._unit_of_work, clock)
        self.create_all = CreateUsersHandler(self._unit_of_work, clock)
        self.get = GetUserHandler(queries)
        self.list = ListUsersHandler(queries)
        self.update = UpdateUserHandler(self._unit_of_work, clock)
        self.delete = DeleteUserHandler(self._unit_of_work)
        self.import_all = ImportUsersHandler(self._unit_of_work, clock)
        self.export_all = ExportUsersHandler(queries)
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
