"""The engines of one database."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from adapters.sqlalchemy.limits import Limits
from adapters.sqlalchemy.postgresql import open_postgresql
from adapters.sqlalchemy.sqlite import TRANSACTION, open_sqlite
from application.errors import StorageMisconfigured


class Database:
    """The engines of one database, sharing one pool.

    `reader` runs each statement on its own, without a transaction; `sessions` makes the sessions of units of work;
    `probe` has a single connection beside the pool, so that a health check does not wait behind the traffic.
    """

    def __init__(self, url: str, limits: Limits) -> None:
        parsed = _parse(url)
        open_engine = open_sqlite if parsed.get_backend_name() == "sqlite" else open_postgresql
        engine = open_engine(parsed, limits, limits.pool_size)
        self.probe = _reading(open_engine(parsed, limits, 1))
        self.reader = _reading(engine)
        self.sessions = async_sessionmaker(_writing(engine), class_=AsyncSession, expire_on_commit=False)

    async def dispose(self) -> None:
        """Close every connection."""
        await self.reader.dispose()
        await self.probe.dispose()


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # The original message may quote the URL, and so the password.
        raise StorageMisconfigured("DATABASE_URL is no valid database URL.") from None


def _reading(engine: AsyncEngine) -> AsyncEngine:
    if engine.dialect.name == "sqlite":
        return engine  # its connections open no transaction of their own accord
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _writing(engine: AsyncEngine) -> AsyncEngine:
    return engine.execution_options(**{TRANSACTION: "IMMEDIATE"})
