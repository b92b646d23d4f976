"""Histories at random: nothing is found in one as it should be, and a mistake that is made in it is named.

`SCHEMA_TOOLS_HISTORIES=1000` tries so many, which takes about half an hour.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from generated_histories import History, plant
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.verify import verify
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers

SEEDS = range(int(os.environ.get("SCHEMA_TOOLS_HISTORIES", "12")))


@pytest.fixture
def server(postgres_servers: PostgresServers) -> RunningPostgres:
    return postgres_servers.server(POSTGRES_NAMES[-1])


def found(project: SchemaProject, server: RunningPostgres) -> list[tuple[str, str, str]]:
    return [(one.rule, one.place, one.message) for one in verify(project, server).findings]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_found_in_it_and_a_mistake_is(seed: int, tmp_path: Path, server: RunningPostgres) -> None:
    history = History(seed)
    project = history.written(tmp_path, server)

    assert found(project, server) == []
    mistake, mapping = plant(history, tmp_path)
    findings = found(replace(project, metadata=mapping), server)
    named = {rule for rule, place, _message in findings if mistake.named in place}
    assert mistake.rules & named, f"{mistake.what}: {mistake.named} is not in {findings}"
