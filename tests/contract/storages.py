"""The storages that the contract is for, each assembled as the service assembles it."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from dependency_injector import providers
from sqlalchemy import make_url, text
from sqlalchemy.pool import QueuePool

from adapters.sqlalchemy.tables import metadata
from application.unit_of_work import UnitOfWork
from application.users.ports import UserQueries, UserView
from domain.users.email_address import EmailAddress
from domain.users.user import User
from domain.users.user_name import UserName
from entrypoints.cli.schema_project import schema_project
from entrypoints.container import Container, close
from entrypoints.settings import Settings
from foundation.kernel.clock import Clock
from foundation.sqlalchemy.database import Database, PostgresDatabase, SqliteDatabase
from foundation.testing.clocks import NOON
from plain_sql import connected
from postgres_fixtures import POSTGRES_NAMES, PostgresServers
from schema_tools.migrations import runner

if TYPE_CHECKING:
    from application.users import UserUseCases
    from foundation.kernel.forget_expired_keys import ForgetExpiredKeysHandler
    from foundation.kernel.storage import StorageReadiness

SQL_STORAGES: Final = ["sqlite", *POSTGRES_NAMES]
STORAGES: Final = ["memory", *SQL_STORAGES]

PATIENT: Final = {
    "database_pool_timeout": 30,
    "database_statement_timeout": 30,
    "database_lock_timeout": 30,
    "database_idle_timeout": 60,
}


class Storages:
    """Makes storages by name: ready for use and without any user, one of a name at a time."""

    def __init__(self, directory: Path, postgres_servers: PostgresServers, until_the_end: ExitStack) -> None:
        self._directory = directory
        self._postgres_servers = postgres_servers
        self._until_the_end = until_the_end
        self._postgres_urls: dict[str, str] = {}

    def fresh(self, name: str) -> str:
        """The `DATABASE_URL` of a storage, one of `STORAGES`."""
        if name == "memory":
            return "memory://"
        if name == "sqlite":
            return f"sqlite+aiosqlite:///{shutil.copy(self._sqlite_template(), self._new_file())}"
        return self._emptied_postgres(name)

    @contextmanager
    def unmigrated(self, name: str) -> Iterator[str]:
        """The `DATABASE_URL` of a new database without any table, one of `SQL_STORAGES`."""
        if name == "sqlite":
            yield f"sqlite+aiosqlite:///{self._new_file()}"
        else:
            with self._postgres_servers.empty_database(name) as url:
                yield url

    def _new_file(self) -> Path:
        return self._directory / f"{uuid4().hex}.db"

    def _sqlite_template(self) -> Path:
        template = self._directory / "template.db"
        if not template.exists():
            runner.upgrade(schema_project(), f"sqlite+aiosqlite:///{template}")
        return template

    def _emptied_postgres(self, name: str) -> str:
        # Emptying a database takes a tenth of the time that making one does.
        if name not in self._postgres_urls:
            database = self._postgres_servers.migrated_database(name)
            url = make_url(self._until_the_end.enter_context(database)).update_query_dict({"connect_timeout": "30"})
            self._postgres_urls[name] = url.render_as_string(hide_password=False)
        with connected(self._postgres_urls[name]) as connection:
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            connection.execute(text(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY"))
        return self._postgres_urls[name]


class Service:
    """The ports and the use cases of one container, by their types."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.queries: UserQueries = container.storage().queries("users")
        self.readiness: StorageReadiness = container.readiness()
        self.users: UserUseCases = container.users()
        self.create = self.users.create
        self.create_all = self.users.create_many
        self.get = self.users.get
        self.list = self.users.list
        self.update = self.users.update
        self.delete = self.users.delete
        self.import_all = self.users.import_
        self.export_all = self.users.export
        self.forget_expired_keys: ForgetExpiredKeysHandler = container.forget_expired_keys()

    def unit_of_work(self) -> UnitOfWork:
        """A new unit of work."""
        unit_of_work: UnitOfWork = self.container.unit_of_work()
        return unit_of_work

    async def add(self, user: User) -> UserView:
        """Store `user` in a unit of work of its own."""
        async with self.unit_of_work() as uow:
            await uow.users.add(user)
            await uow.commit()
        return UserView.of(user)


@asynccontextmanager
async def open_service(url: str, clock: Clock | None = None, **settings: Any) -> AsyncIterator[Service]:
    """The service on the storage at `url`; its connections are closed afterwards.

    Settings are those of the service, but for its deadlines: a slow machine is no failing test.
    """
    container = Container(settings=Settings(_env_file=None, database_url=url, **(PATIENT | settings)))
    if clock is not None:
        container.clock.override(providers.Object(clock))
    try:
        yield Service(container)
    finally:
        await close(container)


class SharedConnections:
    """The connections that the use cases share."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def serves_readers(self) -> bool:
        """Whether they are also lent to those who read; SQLite's readers have others."""
        return isinstance(self._database, PostgresDatabase)

    def checkedout(self) -> int:
        """How many are in use."""
        if isinstance(self._database, PostgresDatabase):
            return self._database.pool.in_use
        return self._pool().checkedout()

    def checkedin(self) -> int:
        """How many are open and wait to be used."""
        if isinstance(self._database, PostgresDatabase):
            return self._database.pool.idle
        return self._pool().checkedin()

    def _pool(self) -> QueuePool:
        assert isinstance(self._database, SqliteDatabase)
        pool = self._database.engine.pool
        assert isinstance(pool, QueuePool)
        return pool


def pool_of(service: Service) -> SharedConnections:
    """The connections that the use cases share."""
    database = service.container.storage()
    assert isinstance(database, PostgresDatabase | SqliteDatabase)
    return SharedConnections(database)


def ada(
    *,
    email: str = "ada@example.com",
    name: str = "Ada Lovelace",
    created_at: datetime = NOON,
    updated_at: datetime | None = None,
) -> User:
    """A user who is not stored yet."""
    return User(
        email=EmailAddress(email), name=UserName(name), created_at=created_at, updated_at=updated_at or created_at
    )
