"""Defaults and conditions that PostgreSQL words differently and that mean the same are no difference; others are."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, Table, text
from sqlalchemy.dialects.postgresql import BOOLEAN, INTEGER, JSONB, TEXT, TIMESTAMP, UUID, VARCHAR

from rehearsals import executing, on_postgresql
from schema_tools.catalog.drift import drift
from schema_tools.catalog.reading import read_catalog, true_differences
from schema_tools.rehearsal.verify import verify
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from scratch_project import ScratchProject

EQUAL = [
    ("varchar(9)", "'x'::text", "'x'::varchar"),
    ("timestamptz", "now()", "CURRENT_TIMESTAMP"),
    ("timestamptz", "transaction_timestamp()", "now()"),
    ("timestamp", "timezone('utc', now())", "now() AT TIME ZONE 'utc'"),
    ("timestamp", "LOCALTIMESTAMP", "now()::timestamp"),
    ("date", "CURRENT_DATE", "now()::date"),
    ("integer", "0", "'0'::integer"),
    ("numeric(8, 2)", "0", "0.00"),
    ("jsonb", "'{}'", "'{ }'"),
    ("jsonb", """'{"a": [1, 2]}'""", """'{"a":[1,2]}'"""),
    ("text", "gen_random_uuid()", "gen_random_uuid()::text"),
    ("boolean", "true", "'t'"),
    ("boolean", "false", "0::boolean"),
    ("text[]", "'{}'", "ARRAY[]::text[]"),
    ("interval", "'60 minutes'", "'1 hour'"),
    ("text", "'CURRENT_TIMESTAMP'", "'CURRENT_' || 'TIMESTAMP'"),
    ("mood", "'good'", "('good'::mood)"),
]
DIFFERENT = [
    ("text", "'x'", "'y'"),
    ("text", "'now()'", "'CURRENT_TIMESTAMP'"),
    ("timestamptz", "now()", "clock_timestamp()"),
    ("timestamptz", "now()", "statement_timestamp()"),
    ("timestamptz", "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP(0)"),
    ("timestamp", "now() AT TIME ZONE 'utc'", "now() AT TIME ZONE 'Europe/Berlin'"),
    ("timestamptz", "date_trunc('month', now())", "date_trunc('day', now())"),
    ("name", "CURRENT_USER", "SESSION_USER"),
    ("integer", "nextval('numbers')", "nextval('others')"),
    ("double precision", "random()", "random() * 1.5"),
    ("jsonb", "'{}'", "'[]'"),
    ("boolean", "true", "false"),
]
MADE = "CREATE SEQUENCE numbers; CREATE SEQUENCE others; CREATE TYPE mood AS ENUM ('good', 'bad');"


def differing(url: str, create: str, one: str, other: str) -> list[str]:
    """What differs between two tables made by `create` with either text, by `true_differences`."""
    with connected(url) as connection:
        for statement in filter(None, MADE.split(";")):
            connection.exec_driver_sql(statement)
        catalogs = []
        for words in (one, other):
            with connection.begin_nested() as made:
                connection.exec_driver_sql(create.format(words))
                catalogs.append(read_catalog(connection))
                made.rollback()
        connection.exec_driver_sql(create.format(other))
        before = read_catalog(connection)
        found = true_differences(connection, *catalogs)
        assert read_catalog(connection) == before
        return [f"{each.object} {each.aspect}" for each in found]


@pytest.mark.parametrize(("type_name", "one", "other"), EQUAL)
def test_a_default_in_other_words_is_no_difference(
    empty_postgres_url: str, type_name: str, one: str, other: str
) -> None:
    create = f"CREATE TABLE notes (id integer, c {type_name} DEFAULT ({{}}))"

    assert differing(empty_postgres_url, create, one, other) == []


@pytest.mark.parametrize(("type_name", "one", "other"), DIFFERENT)
def test_another_default_is_a_difference(empty_postgres_url: str, type_name: str, one: str, other: str) -> None:
    create = f"CREATE TABLE notes (id integer, c {type_name} DEFAULT ({{}}))"

    assert differing(empty_postgres_url, create, one, other) == ["column notes.c default"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("kind IN ('a', 'b')", "kind::text = ANY (ARRAY['a'::text, 'b'::text])", True),
        ("kind IN ('a', 'b')", "kind IN ('a', 'c')", False),
        ("id > 0", "id > 0 + 0", True),
        ("id > 0", "id >= 0", False),
    ],
)
def test_a_check_in_other_words_is_no_difference(empty_postgres_url: str, one: str, other: str, *, same: bool) -> None:
    create = "CREATE TABLE notes (id integer, kind varchar(9), CONSTRAINT ck CHECK ({}))"
    generated = "CREATE TABLE notes (id integer, kind varchar(9), c boolean GENERATED ALWAYS AS ({}) STORED)"

    expected = [] if same else ["check constraint notes.ck definition"]
    assert differing(empty_postgres_url, create, one, other) == expected
    with connected(empty_postgres_url) as connection:
        connection.exec_driver_sql("DROP TABLE notes; DROP SEQUENCE numbers, others; DROP TYPE mood")
    assert bool(differing(empty_postgres_url, generated, one, other)) is not same


def test_verify_and_drift_compare_by_meaning(postgres_servers: PostgresServers, tmp_path: Path) -> None:
    newest = postgres_servers.server(POSTGRES_NAMES[-1])
    columns: dict[str, tuple[Any, str, str]] = {
        "a": (VARCHAR(9), "'x'::text", "varchar(9) DEFAULT 'x'"),
        "b": (TIMESTAMP(timezone=True), "CURRENT_TIMESTAMP", "timestamptz DEFAULT now()"),
        "c": (INTEGER(), "'0'", "integer DEFAULT 0"),
        "d": (JSONB(), "'{ }'", "jsonb DEFAULT '{}'"),
        "e": (UUID(), "gen_random_uuid()", "uuid DEFAULT gen_random_uuid()"),
        "f": (BOOLEAN(), "'t'", "boolean DEFAULT true"),
        "g": (TEXT(), "'left'", "text DEFAULT 'right'"),
    }
    metadata = MetaData()
    mapped = [Column(name, one, server_default=text(words)) for name, (one, words, _) in columns.items()]
    Table("notes", metadata, *mapped, info={"append_only": "it is not changed"})
    listed = ", ".join(f"{name} {made}" for name, (_, _, made) in columns.items())
    scratch = ScratchProject.made(tmp_path, newest)
    scratch.revision("first", executing(f"CREATE TABLE notes ({listed})"), executing("DROP TABLE notes"))
    project = on_postgresql(scratch, metadata)

    assert [one.place for one in verify(project, newest).findings if one.rule == "head-differs"] == ["column notes.g"]
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        with connected(url) as connection:
            connection.exec_driver_sql(f"CREATE TABLE notes ({listed})")
        differing_from = [(one.object, one.aspect) for one in drift(project, url) if one.object != "migrations"]

    assert differing_from == [("column notes.g", "default")]


def test_a_downgrade_that_restores_a_default_in_other_words_is_a_rollback(
    postgres_servers: PostgresServers, tmp_path: Path
) -> None:
    newest = postgres_servers.server(POSTGRES_NAMES[-1])
    scratch = ScratchProject.made(tmp_path, newest)
    create = executing("CREATE TABLE notes (id serial PRIMARY KEY, at timestamptz DEFAULT now())")
    scratch.revision("first", create, executing("DROP TABLE notes"))
    scratch.revision(
        "second",
        executing("ALTER TABLE notes ALTER at SET DEFAULT clock_timestamp()"),
        executing("ALTER TABLE notes ALTER at SET DEFAULT CURRENT_TIMESTAMP"),
    )

    report = verify(on_postgresql(scratch), newest)

    assert {one.rule for one in report.findings} <= {"head-differs"}
