"""The service's schema, for the tests of its migrations."""

import pytest

from entrypoints.cli.schema_project import schema_project
from schema_tools.migrations import runner
from schema_tools.project import SchemaProject


@pytest.fixture
def service() -> SchemaProject:
    return schema_project()


@pytest.fixture
def migrated_url(empty_url: str, service: SchemaProject) -> str:
    """The URL of a database at the service's head, on SQLite and on each server."""
    runner.upgrade(service, empty_url)
    return empty_url
