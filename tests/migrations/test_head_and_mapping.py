"""The migrations make the schema that the mapping says, on both databases; an edit of the mapping alone is seen."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from sqlalchemy import DDL, Column, Index, Integer, MetaData, String, Table, event

from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.scratch import ScratchPair, scratch_pairs
from schema_tools.writing.comparison import schema_differences


@pytest.fixture
def pairs(service: SchemaProject, postgres_server: RunningPostgres) -> Iterator[Mapping[str, ScratchPair]]:
    with scratch_pairs(service, postgres_server) as found:
        yield found


def test_the_migrations_make_what_the_mapping_says(service: SchemaProject, pairs: Mapping[str, ScratchPair]) -> None:
    assert schema_differences(pairs, service.metadata) == []


def edited(service: SchemaProject) -> MetaData:
    """The service's tables as somebody edits them, without a migration."""
    copy = MetaData(naming_convention=service.metadata.naming_convention)
    for table in service.metadata.tables.values():
        table.to_metadata(copy)
    return copy


def test_a_new_column_is_seen(service: SchemaProject, pairs: Mapping[str, ScratchPair]) -> None:
    metadata = edited(service)
    metadata.tables["users"].append_column(Column("nickname", String(32)))

    found = schema_differences(pairs, metadata)

    assert [line.split(":")[0] for line in found] == ["postgresql", "sqlite"]
    assert all("nickname" in line for line in found)


def test_a_changed_type_nullability_default_and_comment_are_seen(
    service: SchemaProject, pairs: Mapping[str, ScratchPair]
) -> None:
    metadata = edited(service)
    name = metadata.tables["users"].columns["name"]
    name.type, name.nullable, name.comment = String(250), True, "What the user is called"

    (line,) = [line for line in schema_differences(pairs, metadata) if line.startswith("postgresql")]

    assert all(word in line for word in ("modify_type", "modify_nullable", "modify_comment"))


def test_a_new_index_and_a_new_table_are_seen(service: SchemaProject, pairs: Mapping[str, ScratchPair]) -> None:
    metadata = edited(service)
    Index("ix_users_name", metadata.tables["users"].columns["name"])
    Table("teams", metadata, Column("id", Integer, primary_key=True))

    found = "\n".join(schema_differences(pairs, metadata))

    assert found.count("add_index") == 2
    assert found.count("add_table") == 2


def test_a_changed_trigger_is_seen(service: SchemaProject, postgres_server: RunningPostgres) -> None:
    metadata = edited(service)
    project = replace(service, metadata=metadata)

    with scratch_pairs(project, postgres_server) as pairs:
        found = schema_differences(pairs, metadata)

    # A copied table has none of the listeners that make the triggers.
    assert found == [
        "postgresql: function touch_updated_at() is in the migrations only",
        "postgresql: trigger users_touch_updated_at on users is in the migrations only",
        "sqlite: trigger users_check_times_on_insert on users is in the migrations only",
        "sqlite: trigger users_check_times_on_update on users is in the migrations only",
        "sqlite: trigger users_touch_updated_at on users is in the migrations only",
    ]


def test_a_trigger_with_another_body_is_seen(service: SchemaProject, postgres_server: RunningPostgres) -> None:
    metadata = edited(service)
    body = "CREATE TRIGGER users_touch_updated_at AFTER UPDATE ON users BEGIN SELECT 1; END"
    ddl = DDL(body).execute_if(dialect="sqlite")  # type: ignore[no-untyped-call]
    event.listen(metadata.tables["users"], "after_create", ddl)
    project = replace(service, metadata=metadata)

    with scratch_pairs(project, postgres_server) as pairs:
        found = schema_differences(pairs, metadata)

    assert found[-1] == "sqlite: trigger users_touch_updated_at on users differs between the migrations and the mapping"


def test_a_dropped_default_is_seen(service: SchemaProject, postgres_server: RunningPostgres) -> None:
    metadata = edited(service)
    for name in ("created_at", "updated_at"):
        metadata.tables["users"].columns[name].server_default = None
    project = replace(service, metadata=metadata)

    with scratch_pairs(project, postgres_server) as pairs:
        found = [line for line in schema_differences(pairs, metadata) if "modify_default" in line]

    assert len(found) == 4
