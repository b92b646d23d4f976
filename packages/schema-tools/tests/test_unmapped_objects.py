"""What no mapping can tell is compared with what the migrations make, and no fix of what is superfluous destroys."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import DDL, Column, Integer, MetaData, Table, Text, event, make_url

from rehearsals import executing, on_postgresql
from schema_tools.catalog.drift import drift
from schema_tools.catalog.objects import Difference
from schema_tools.migrations import runner
from schema_tools.migrations.connection import sqlite_engine
from schema_tools.migrations.unmapped_words import may_make
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.verify import verify
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from scratch_project import ScratchProject

TABLE = "CREATE TABLE notes (id serial PRIMARY KEY, body text NOT NULL)"
UNMAPPED = {
    "function trimmed()": "CREATE FUNCTION trimmed() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN NEW.body := trim(NEW.body); RETURN NEW; END'",
    "trigger notes.notes_trimmed": "CREATE TRIGGER notes_trimmed BEFORE INSERT ON notes"
    " FOR EACH ROW EXECUTE FUNCTION trimmed()",
    "procedure tidy()": "CREATE PROCEDURE tidy() LANGUAGE sql AS 'DELETE FROM notes'",
    "composite type pair": "CREATE TYPE pair AS (a integer, b text)",
    "view bodies": "CREATE VIEW bodies AS SELECT body FROM notes",
    "materialized view kept": "CREATE MATERIALIZED VIEW kept AS SELECT id FROM notes",
    "index kept.kept_id": "CREATE UNIQUE INDEX kept_id ON kept (id)",
    "rule notes.no_delete": "CREATE RULE no_delete AS ON DELETE TO notes WHERE OLD.id = 1 DO INSTEAD NOTHING",
    "policy notes.own": "CREATE POLICY own ON notes USING (id > 0)",
    "table notes": "ALTER TABLE notes ENABLE ROW LEVEL SECURITY",
    "sequence runs": "CREATE SEQUENCE runs",
    "statistics notes.id_body": "CREATE STATISTICS id_body ON id, body FROM notes",
}  # fmt: skip
UNDONE = [
    "DROP MATERIALIZED VIEW kept", "DROP VIEW bodies", "DROP TABLE notes", "DROP FUNCTION trimmed()", "DROP TYPE pair",
    "DROP PROCEDURE tidy()", "DROP SEQUENCE runs",
]  # fmt: skip


def notes() -> MetaData:
    """The table, as a mapping tells it."""
    metadata = MetaData()
    Table("notes", metadata, Column("id", Integer, primary_key=True), Column("body", Text, nullable=False))
    return metadata


@pytest.fixture
def newest(postgres_servers: PostgresServers) -> RunningPostgres:
    return postgres_servers.server(POSTGRES_NAMES[-1])


@pytest.fixture
def project(newest: RunningPostgres, tmp_path: Path) -> SchemaProject:
    scratch = ScratchProject.made(tmp_path, newest)
    scratch.revision("first", executing(TABLE, *UNMAPPED.values()), executing(*UNDONE))
    return on_postgresql(scratch, notes())


def statements(fix: str) -> list[str]:
    """The lines of a fix that are executed when it is pasted."""
    return [line for line in fix.splitlines() if not line.startswith("--")]


def test_what_only_the_migrations_make_is_no_difference_to_verify(
    project: SchemaProject, newest: RunningPostgres
) -> None:
    report = verify(project, newest)

    assert [one.rule for one in report.findings] == []
    assert len(report.revisions) == 1


def test_what_a_mapping_can_tell_is_a_difference_whose_fix_keeps_it(newest: RunningPostgres, tmp_path: Path) -> None:
    scratch = ScratchProject.made(tmp_path, newest)
    made = (TABLE, "ALTER TABLE notes ADD COLUMN title text", "CREATE TYPE mood AS ENUM ('good')", "CREATE TABLE b ()")
    scratch.revision("first", executing(*made), executing("DROP TABLE notes, b", "DROP TYPE mood"))

    found = [one for one in verify(on_postgresql(scratch, notes()), newest).findings if one.rule == "head-differs"]

    assert {one.place for one in found} == {"column notes.title", "enum mood", "table b"}
    assert not any(statements(one.fix) for one in found)
    assert all(one.fix.startswith("-- To keep it, add it to the tables of the mapping. To drop it:\n") for one in found)
    assert any(one.fix.endswith("\n-- ALTER TABLE notes DROP COLUMN title;") for one in found)


def test_a_mapping_that_makes_triggers_itself_is_the_truth_of_triggers(newest: RunningPostgres, tmp_path: Path) -> None:
    scratch = ScratchProject.made(tmp_path, newest)
    trigger = "CREATE TRIGGER {} BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION trimmed()"
    made = [
        TABLE,
        UNMAPPED["function trimmed()"],
        trigger.format("one"),
        trigger.format("another"),
        UNMAPPED["view bodies"],
    ]
    scratch.revision("first", executing(*made), executing("DROP TABLE notes CASCADE", "DROP FUNCTION trimmed()"))
    metadata = notes()
    for statement in (UNMAPPED["function trimmed()"], trigger.format("one")):
        event.listen(metadata.tables["notes"], "after_create", DDL(statement))  # type: ignore[no-untyped-call]

    found = [one for one in verify(on_postgresql(scratch, metadata), newest).findings if one.rule == "head-differs"]

    assert [one.place for one in found] == ["trigger notes.another"]
    assert found[0].fix.splitlines() == [
        "-- To keep it, write it in a migration. To drop it:",
        "-- DROP TRIGGER another ON notes;",
    ]


def drifted(
    project: SchemaProject, postgres_servers: PostgresServers, *by_hand: str
) -> tuple[list[Difference], list[str]]:
    """What differs in a migrated database after some statements, and what was said not to be compared."""
    said: list[str] = []
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        runner.upgrade(project, url)
        with connected(url) as connection:
            for statement in by_hand:
                connection.exec_driver_sql(statement)
        return drift(project, url, said.append), said


def test_a_migrated_database_has_no_drift(project: SchemaProject, postgres_servers: PostgresServers) -> None:
    assert drifted(project, postgres_servers) == ([], [])


def test_what_was_changed_by_hand_is_drift_from_the_migrations(
    project: SchemaProject, postgres_servers: PostgresServers
) -> None:
    found, said = drifted(
        project,
        postgres_servers,
        "DROP TRIGGER notes_trimmed ON notes",
        "CREATE OR REPLACE VIEW bodies AS SELECT upper(body) AS body FROM notes",
        "CREATE VIEW own AS SELECT id FROM notes",
        "DROP INDEX kept_id",
        "ALTER TABLE notes DISABLE ROW LEVEL SECURITY",
    )

    assert said == []
    assert {(one.object, one.aspect) for one in found} == {
        ("trigger notes.notes_trimmed", "existence"),
        ("view bodies", "definition"),
        ("view own", "existence"),
        ("index kept.kept_id", "existence"),
        ("table notes", "row security"),
    }
    fixes = {one.object: one.fix for one in found}
    assert fixes["trigger notes.notes_trimmed"].startswith("CREATE TRIGGER notes_trimmed")
    assert fixes["view own"] == "-- To keep it, write it in a migration. To drop it:\n-- DROP VIEW own;"
    assert fixes["table notes"] == "ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"


def test_a_database_that_lost_all_that_only_the_migrations_make_is_drift(
    project: SchemaProject, postgres_servers: PostgresServers
) -> None:
    found, said = drifted(
        project,
        postgres_servers,
        *(
            "DROP VIEW bodies",
            "DROP MATERIALIZED VIEW kept",
            "DROP FUNCTION trimmed() CASCADE",
            "DROP PROCEDURE tidy()",
        ),
        *("DROP TYPE pair", "DROP SEQUENCE runs", "DROP STATISTICS id_body", "DROP RULE no_delete ON notes"),
        *("DROP POLICY own ON notes", "ALTER TABLE notes DISABLE ROW LEVEL SECURITY"),
    )

    assert said == []
    assert {one.object for one in found} == set(UNMAPPED) - {"index kept.kept_id"}  # which its view brings along


@pytest.mark.parametrize("label", [one for one in UNMAPPED if not one.startswith(("trigger", "index"))])
def test_a_database_that_lost_the_only_such_object_is_drift(
    newest: RunningPostgres, postgres_servers: PostgresServers, tmp_path: Path, label: str
) -> None:
    scratch = ScratchProject.made(tmp_path, newest)
    scratch.revision("first", executing(TABLE, UNMAPPED[label]))
    kind, _, name = label.partition(" ")
    gone = {
        "composite": "DROP TYPE pair", "materialized": "DROP MATERIALIZED VIEW kept",
        "rule": "DROP RULE no_delete ON notes", "policy": "DROP POLICY own ON notes",
        "table": "ALTER TABLE notes DISABLE ROW LEVEL SECURITY", "statistics": "DROP STATISTICS id_body",
    }  # fmt: skip

    found, said = drifted(
        on_postgresql(scratch, notes()), postgres_servers, gone.get(kind, f"DROP {kind.upper()} {name}")
    )

    assert ([one.object for one in found], said) == ([label], [])


@pytest.mark.parametrize(
    ("body", "may"),
    [
        ('op.add_column("notes", sa.Column("title", sa.Text))', False),
        ('op.execute("UPDATE notes SET body = lower(body)")', False),
        ("op.execute('CREATE VIEW bodies AS SELECT 1')", True),
        ("op.execute(open('bodies.sql').read())", True),
        ("from app.views import make; make(op)", True),
        ("op.create_entity(bodies)", True),
        ("op.execute(", True),
    ],
)
def test_what_revisions_may_make_is_told_by_their_text(tmp_path: Path, body: str, may: bool) -> None:  # noqa: FBT001 -- a parameter
    file = tmp_path / "first.py"
    file.write_text(f"import sqlalchemy as sa\nfrom alembic import op\n\n\ndef upgrade():\n    {body}\n")

    assert may_make([file], {"view"}) is may
    assert not may_make([file], ())


def test_without_a_throwaway_server_what_was_not_compared_is_said(
    project: SchemaProject, postgres_servers: PostgresServers, tmp_path: Path
) -> None:
    found, (said,) = drifted(
        replace(project, postgres_bindir=tmp_path), postgres_servers, "ALTER TABLE notes ADD COLUMN title text"
    )

    assert [one.object for one in found] == ["column notes.title"]
    assert said.startswith("triggers, functions, views and the like, which only the migrations make: ")
    assert "\n" not in said


def test_no_throwaway_server_is_started_where_the_mapping_tells_everything(
    newest: RunningPostgres, postgres_servers: PostgresServers, tmp_path: Path
) -> None:
    scratch = ScratchProject.made(tmp_path, newest)
    scratch.revision("first", executing(TABLE), executing("DROP TABLE notes"))
    # It could not be started, and that would be said.
    project = replace(on_postgresql(scratch, notes()), postgres_bindir=tmp_path)

    found, said = drifted(project, postgres_servers, "ALTER TABLE notes ADD COLUMN title text")

    assert ([one.object for one in found], said) == (["column notes.title"], [])


def test_a_new_revision_leaves_alone_what_only_the_migrations_make(newest: RunningPostgres, tmp_path: Path) -> None:
    scratch = replace(ScratchProject.made(tmp_path, newest), mapped_kinds=frozenset())
    unmapped = [one for label, one in UNMAPPED.items() if label != "table notes"]
    undone = f"if op.get_context().dialect.name == 'postgresql':\n        {executing(*UNDONE)}".replace(
        "\n    op", "\n        op"
    )
    made = f"if op.get_context().dialect.name == 'postgresql':\n        {executing(TABLE, *unmapped)}".replace(
        "\n    op", "\n        op"
    )
    body = "sa.Column('id', sa.Integer, primary_key=True), sa.Column('body', sa.Text, nullable=False)"
    scratch.revision(
        "first",
        f"{made}\n    else:\n        op.create_table('notes', {body})",
        f"{undone}\n    else:\n        op.drop_table('notes')",
    )
    metadata = notes()
    metadata.tables["notes"].append_column(Column("title", Text))

    written = scratch.migrate(metadata).read_text()

    assert "title" in written
    assert not any(word in written for word in ("DROP", "TRIGGER", "VIEW", "FUNCTION"))


def test_sqlite_is_compared_with_its_migrations_as_well(newest: RunningPostgres, tmp_path: Path) -> None:
    scratch = ScratchProject.made(tmp_path, newest)
    made = (
        "CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY, body TEXT NOT NULL)",
        "CREATE VIEW bodies AS SELECT body FROM notes",
        "CREATE TRIGGER kept BEFORE DELETE ON notes BEGIN SELECT raise(ABORT, 'kept'); END",
    )
    scratch.revision("first", executing(*made), executing("DROP VIEW bodies", "DROP TABLE notes"))
    project = replace(on_postgresql(scratch, notes()), databases=("sqlite",))
    url = f"sqlite:///{tmp_path / 'notes.db'}"
    runner.upgrade(project, url)

    assert [one.rule for one in verify(project).findings] == []
    assert drift(project, url) == []
    with sqlite_engine(make_url(url)).begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER kept")
        connection.exec_driver_sql("CREATE VIEW own AS SELECT id FROM notes")
    found = {one.object: one.fix for one in drift(project, url)}
    assert found == {
        "trigger notes.kept": f"{made[2]};",
        "view own": "-- To keep it, write it in a migration. To drop it:\n-- DROP VIEW own;",
    }
