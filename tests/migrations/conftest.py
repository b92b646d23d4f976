"""Databases for the tests of migrations: SQLite, and every PostgreSQL server of the run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoints.cli.schema_project import schema_project
from postgres_fixtures import POSTGRES_NAMES, PostgresServers
from schema_tools.migrations import runner
from schema_tools.project import SchemaProject


@pytest.fixture
def service() -> SchemaProject:
    return schema_project()


@pytest.fixture(params=["sqlite", *POSTGRES_NAMES])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path, postgres_servers: PostgresServers) -> Iterator[str]:
    """The URL of an empty database, on SQLite and on each server."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/service.db"
    else:
        with postgres_servers.empty_database(request.param) as url:
            yield url


@pytest.fixture
def migrated_url(empty_url: str, service: SchemaProject) -> str:
    """The URL of a database at the service's head, on SQLite and on each server."""
    runner.upgrade(service, empty_url)
    return empty_url
