"""The migrations make the schema that the mapping says, on both databases; an edit of the mapping alone is seen."""

from dataclasses import replace

from sqlalchemy import DDL, CheckConstraint, Column, Index, Integer, MetaData, String, Table, event

from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.comparison import in_lines, schema_differences
from schema_tools.rehearsal.scratch import scratch_pairs


def test_the_migrations_make_what_the_mapping_says(service: SchemaProject, postgres_server: RunningPostgres) -> None:
    with scratch_pairs(service, postgres_server) as pairs:
        assert schema_differences(pairs, service) == {"postgresql": [], "sqlite": []}


def edited(service: SchemaProject) -> MetaData:
    """The service's tables as somebody edits them, without a migration; a copy has none of the triggers."""
    copy = MetaData(naming_convention=service.metadata.naming_convention)
    for table in service.metadata.tables.values():
        table.to_metadata(copy)
    return copy


def named(service: SchemaProject, metadata: MetaData, server: RunningPostgres) -> dict[str, set[tuple[str, str]]]:
    """What differs, by database: the object and the aspect."""
    with scratch_pairs(replace(service, metadata=metadata), server) as pairs:
        found = schema_differences(pairs, service)
        return {dialect: {(one.object, one.aspect) for one in found[dialect]} for dialect in found}


def test_new_columns_indexes_checks_and_tables_are_seen(
    service: SchemaProject, postgres_server: RunningPostgres
) -> None:
    metadata = edited(service)
    users = metadata.tables["users"]
    users.append_column(Column("nickname", String(32)))
    users.append_constraint(CheckConstraint("name <> ''", name="name_given"))
    Index("ix_users_name", users.columns["name"])
    Table("teams", metadata, Column("id", Integer, primary_key=True))

    found = named(service, metadata, postgres_server)

    for dialect in ("postgresql", "sqlite"):
        assert {
            ("column users.nickname", "existence"),
            ("check constraint users.ck_users_name_given", "existence"),
            ("index users.ix_users_name", "existence"),
            ("table teams", "existence"),
        } <= found[dialect]
        assert not any("teams." in label for label, _ in found[dialect])


def test_a_changed_type_nullability_default_and_comment_are_seen(
    service: SchemaProject, postgres_server: RunningPostgres
) -> None:
    metadata = edited(service)
    name = metadata.tables["users"].columns["name"]
    name.type, name.nullable, name.comment = String(250), True, "What the user is called"
    metadata.tables["users"].columns["created_at"].server_default = None

    found = named(service, metadata, postgres_server)

    both = {
        ("column users.name", "type"),
        ("column users.name", "not null"),
        ("column users.created_at", "default"),
    }
    assert both <= found["sqlite"]
    assert both | {("column users.name", "comment")} <= found["postgresql"]


def test_triggers_and_functions_that_the_mapping_has_no_more_are_seen(
    service: SchemaProject, postgres_server: RunningPostgres
) -> None:
    found = named(service, edited(service), postgres_server)

    others = ("trigger users.", "function ")
    about_users = {dialect: {one for one in found[dialect] if one[0].startswith(others)} for dialect in found}
    assert about_users == {
        "postgresql": {
            ("function refuse_update()", "existence"),
            ("function touch_updated_at()", "existence"),
            ("trigger users.users_touch_updated_at", "existence"),
        },
        "sqlite": {
            ("trigger users.users_check_values_on_insert", "existence"),
            ("trigger users.users_check_values_on_update", "existence"),
            ("trigger users.users_touch_updated_at", "existence"),
        },
    }


def test_a_trigger_with_another_body_is_seen_and_said_in_a_line(
    service: SchemaProject, postgres_server: RunningPostgres
) -> None:
    metadata = edited(service)
    body = "CREATE TRIGGER users_touch_updated_at AFTER UPDATE ON users BEGIN SELECT 1; END"
    ddl = DDL(body).execute_if(dialect="sqlite")  # type: ignore[no-untyped-call]
    event.listen(metadata.tables["users"], "after_create", ddl)

    with scratch_pairs(replace(service, metadata=metadata), postgres_server) as pairs:
        lines = in_lines(schema_differences(pairs, service))

    (line,) = [one for one in lines if one.startswith("sqlite: trigger users.users_touch_updated_at, definition")]
    assert "expected AFTER UPDATE ON users BEGIN SELECT 1; END, found AFTER UPDATE ON users FOR EACH ROW" in line
