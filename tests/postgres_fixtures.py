"""PostgreSQL databases at head: a pytest plugin that `conftest.py` loads, beside that of the schema tools."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from schema_tools.testing import postgres_servers as plugin

POSTGRES_NAMES = plugin.POSTGRES_NAMES
"""One name per PostgreSQL server that the suite runs on: parameters for tests that run on each."""


class PostgresServers(plugin.PostgresServers):
    """The PostgreSQL servers of this test process, with databases of the service on them."""

    def migrated_database(self, name: str) -> AbstractContextManager[str]:
        """The URL of a new database at head, which is dropped afterwards. Takes about 40 ms."""
        return self.copied_database(name, _migrate)


def _migrate(url: str) -> None:
    from entrypoints.cli.schema_project import schema_project
    from schema_tools.migrations import runner

    runner.upgrade(schema_project(), url)


@pytest.fixture(scope="session")
def postgres_servers() -> Iterator[PostgresServers]:
    """The PostgreSQL servers of this test process."""
    with PostgresServers.running() as servers:
        yield servers


@pytest.fixture
def postgres_url(postgres_servers: PostgresServers, postgres_name: str) -> Iterator[str]:
    """The URL of a database at head, on each server, of this test alone."""
    with postgres_servers.migrated_database(postgres_name) as url:
        yield url


@pytest.fixture
def one_postgres_url(postgres_servers: PostgresServers) -> Iterator[str]:
    """The URL of a database at head, of this test alone, on the newest server only."""
    with postgres_servers.migrated_database(POSTGRES_NAMES[-1]) as url:
        yield url
