"""The transaction of a relational database."""

from datetime import timedelta
from types import TracebackType
from typing import Self

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.sqlalchemy.repositories.direct_users import PipelineUserRepository
from adapters.sqlalchemy.repositories.users import SqlAlchemyUserRepository
from domain.users.user import User
from foundation.sqlalchemy.errors import translated
from foundation.sqlalchemy.idempotency_keys import SqlAlchemyIdempotencyKeys
from foundation.sqlalchemy.postgresql.entities import PipelineEntities
from foundation.sqlalchemy.postgresql.pool import ConnectionPool
from foundation.sqlalchemy.postgresql.transaction import PipelineTransaction


class SqlAlchemyUnitOfWork:
    """One session and one transaction. Serves one use-case call."""

    users: SqlAlchemyUserRepository
    idempotency_keys: SqlAlchemyIdempotencyKeys

    def __init__(self, sessions: async_sessionmaker[AsyncSession], bulk_timeout: timedelta) -> None:
        self._sessions = sessions
        self._bulk_timeout = bulk_timeout

    async def __aenter__(self) -> Self:
        """See `UnitOfWork`; the connection is taken when the first statement needs it."""
        self._session = self._sessions()
        self.users = SqlAlchemyUserRepository(self._own_session, self._bulk_timeout)
        self.idempotency_keys = SqlAlchemyIdempotencyKeys(self._own_session)
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

    async def _own_session(self) -> AsyncSession:
        return self._session


class PipelineUnitOfWork:
    """One transaction on PostgreSQL, in which what is hot goes through `foundation.sqlalchemy.postgresql`."""

    users: PipelineUserRepository
    idempotency_keys: SqlAlchemyIdempotencyKeys

    def __init__(self, pool: ConnectionPool, bulk_timeout: timedelta) -> None:
        self._pool = pool
        self._bulk_timeout = bulk_timeout

    async def __aenter__(self) -> Self:
        """See `UnitOfWork`; the connection is taken when the first statement needs it."""
        self._transaction = PipelineTransaction(self._pool)
        users = PipelineEntities(self._transaction, User)
        self.users = PipelineUserRepository(self._transaction.session, self._bulk_timeout, users)
        self.idempotency_keys = SqlAlchemyIdempotencyKeys(self._transaction.session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """See `UnitOfWork`."""
        with translated():
            await self._transaction.close()

    async def commit(self) -> None:
        """See `UnitOfWork.commit`."""
        with translated():
            await self._transaction.commit()
