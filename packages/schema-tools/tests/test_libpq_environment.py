"""What the environment says of a server holds for every server but those that the tools start themselves."""

import os

import pytest

from schema_tools.errors import SchemaToolsError
from schema_tools.libpq_environment import connecting, is_ours, is_ours_no_longer
from schema_tools.migrations.connection import postgresql_engine
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers


def test_the_variables_are_set_again_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSERVICE", "theirs")
    is_ours(1)
    try:
        with connecting(1):
            assert "PGSERVICE" not in os.environ
    finally:
        is_ours_no_longer(1)

    for port in (1, 2, None):
        with connecting(port):
            assert os.environ["PGSERVICE"] == "theirs"


def test_they_count_where_the_server_is_not_ours(
    postgres_servers: PostgresServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres_servers.server(POSTGRES_NAMES[-1]).admin
    assert url.port is not None
    monkeypatch.setenv("PGSERVICE", "nowhere")
    assert RunningPostgres.at(url).admin == url

    is_ours_no_longer(url.port)
    try:
        with pytest.raises(SchemaToolsError, match='service "nowhere" not found'):
            RunningPostgres.at(url)
        with pytest.raises(Exception, match='service "nowhere" not found'):
            postgresql_engine(url).connect()
    finally:
        is_ours(url.port)
