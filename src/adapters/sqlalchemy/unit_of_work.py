"""The transaction of a relational database."""

from datetime import timedelta
from types import TracebackType
from typing import Self

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.sqlalchemy.errors import translated
from adapters.sqlalchemy.idempotency_keys import SqlAlchemyIdempotencyKeys
from adapters.sqlalchemy.loading.users import SqlAlchemyUserLoader
from adapters.sqlalchemy.repositories.users import SqlAlchemyUserRepository


class SqlAlchemyUnitOfWork:
    """One session and one transaction. Serves one use-case call."""

    users: SqlAlchemyUserRepository
    user_loader: SqlAlchemyUserLoader
    idempotency_keys: SqlAlchemyIdempotencyKeys

    def __init__(self, sessions: async_sessionmaker[AsyncSession], bulk_timeout: timedelta) -> None:
        self._sessions = sessions
        self._bulk_timeout = bulk_timeout

    async def __aenter__(self) -> Self:
        """See `UnitOfWork`; the connection is taken when the first statement needs it."""
        self._session = self._sessions()
        self.users = SqlAlchemyUserRepository(self._session)
        self.user_loader = SqlAlchemyUserLoader(self._session, self._bulk_timeout)
        self.idempotency_keys = SqlAlchemyIdempotencyKeys(self._session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """See `UnitOfWork`; the session gives its connection back even when the task is being cancelled."""
        await self._session.__aexit__(kind, error, traceback)

    async def commit(self) -> None:
        """See `UnitOfWork.commit`. What the flush reports is certain; what breaks the COMMIT itself is not."""
        with translated():
            await self._session.flush()
        with translated(committing=True):
            await self._session.commit()
