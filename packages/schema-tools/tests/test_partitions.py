"""Partitions that migrations, or the database's own jobs, make are no difference where the mapping makes none."""

from pathlib import Path

import pytest
from sqlalchemy import DDL, BigInteger, Column, Date, MetaData, Table, Text, event

from rehearsals import executing, on_postgresql
from schema_tools.catalog.drift import drift
from schema_tools.migrations import runner
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.verify import verify
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from schema_tools.writing.revise import NothingToMigrate, migrate
from scratch_project import ScratchProject

TABLE = "CREATE TABLE readings (id bigint NOT NULL, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)"
YEAR = "CREATE TABLE readings_{0} PARTITION OF readings FOR VALUES FROM ('{0}-01-01') TO ('{1}-01-01')"
INDEX = "CREATE INDEX readings_2026_day ON readings_2026 (day)"


def readings() -> MetaData:
    metadata = MetaData()
    Table(
        "readings",
        metadata,
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("day", Date, primary_key=True),
        postgresql_partition_by="RANGE (day)",
    )
    return metadata


@pytest.fixture
def newest(postgres_servers: PostgresServers) -> RunningPostgres:
    return postgres_servers.server(POSTGRES_NAMES[-1])


@pytest.fixture
def scratch(newest: RunningPostgres, tmp_path: Path) -> ScratchProject:
    scratch = ScratchProject.made(tmp_path, newest)
    scratch.revision("first", executing(TABLE, YEAR.format(2026, 2027), INDEX), executing("DROP TABLE readings"))
    return scratch


@pytest.fixture
def project(scratch: ScratchProject) -> SchemaProject:
    return on_postgresql(scratch, readings())


def test_a_partition_of_the_migrations_is_no_difference(project: SchemaProject, newest: RunningPostgres) -> None:
    assert verify(project, newest).findings == []


def test_a_partition_is_not_migrated_away(
    project: SchemaProject, scratch: ScratchProject, newest: RunningPostgres
) -> None:
    with pytest.raises(NothingToMigrate):
        migrate(project, "nothing", newest)
    project.metadata.tables["readings"].append_column(Column("note", Text))

    written = migrate(project, "add note", newest).read_text()

    assert "note" in written
    assert "readings_2026" not in written
    assert verify(on_postgresql(scratch, project.metadata), newest).findings == []


def test_partitions_of_a_live_database_come_and_go(project: SchemaProject, postgres_servers: PostgresServers) -> None:
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        runner.upgrade(project, url)
        assert drift(project, url) == []
        with connected(url) as connection:
            connection.exec_driver_sql(YEAR.format(2027, 2028))
            connection.exec_driver_sql("DROP TABLE readings_2026")
        assert drift(project, url) == []
        with connected(url) as connection:
            connection.exec_driver_sql("ALTER TABLE readings ADD COLUMN extra text")
        assert [one.object for one in drift(project, url)] == ["column readings.extra"]


def test_a_mapping_that_makes_partitions_is_the_truth_of_them(project: SchemaProject, newest: RunningPostgres) -> None:
    later = DDL(YEAR.format(2027, 2028))  # type: ignore[no-untyped-call]
    event.listen(project.metadata.tables["readings"], "after_create", later)

    found = {one.place for one in verify(project, newest).findings}

    assert {"table readings_2026", "table readings_2027"} <= found
