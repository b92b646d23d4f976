"""`verify` finds nothing in histories that are as they should be, and says what the head and the mapping lack."""

import json
from pathlib import Path

import pytest
from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    event,
    func,
    make_url,
    text,
)

from bookshop.tables import metadata as bookshop
from rehearsals import executing, on_postgresql, rehearsed
from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Group
from schema_tools.lint import lint_revisions
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.verify import verify
from schema_tools.testing.in_process import Done
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from scratch_project import ScratchProject
from tool_commands import tools

BOOKSHOP = SchemaProject(metadata=bookshop, alembic_ini=Path(__file__).parent / "bookshop" / "alembic.ini")


@pytest.fixture
def newest(postgres_servers: PostgresServers) -> RunningPostgres:
    return postgres_servers.server(POSTGRES_NAMES[-1])


def test_the_whole_history_is_clean(postgres_server: RunningPostgres) -> None:
    report = verify(BOOKSHOP, postgres_server)

    assert list(report.findings) == []
    assert {one.dialect for one in report.revisions} == set(BOOKSHOP.databases)
    assert all(one.irreversible is None for one in report.revisions)
    first = {one.revision for one in report.revisions if not one.rows}
    assert len(first) == 1


def notes(*, on_update: str = "", append_only: bool = False) -> MetaData:
    """One table with both times, and perhaps a trigger, as a mapping."""
    metadata = MetaData()
    table = Table(
        "notes",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("body", String(20), nullable=False),
        *(
            Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())
            for name in ("created_at", "updated_at")
        ),
        info={"append_only": "a note is never changed"} if append_only else {},
    )
    for statement in (FUNCTION, on_update) if on_update else ():
        event.listen(table, "after_create", DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
    return metadata


FUNCTION = (
    "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END'"
)
KEPT = "CREATE TRIGGER keep BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION keep()"
KEPT_FOR_BODIES = "CREATE TRIGGER keep BEFORE UPDATE OF body ON notes FOR EACH ROW EXECUTE FUNCTION keep()"
NEVER_KEPT = "CREATE TRIGGER keep BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION keep()"
CREATE = (
    "CREATE TABLE notes (id serial PRIMARY KEY, body varchar(20) NOT NULL,"
    " created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now())"
)


@pytest.mark.parametrize(
    ("on_update", "append_only", "rules"),
    [
        pytest.param(KEPT, False, [], id="kept by a trigger"),
        pytest.param(KEPT_FOR_BODIES, False, [], id="kept when what can change does"),
        pytest.param(NEVER_KEPT, False, ["updated-at-not-kept"], id="by a trigger that does not"),
        pytest.param("", False, ["updated-at-not-kept"], id="without any"),
        pytest.param("", True, [], id="never changed"),
    ],
)
def test_updated_at_is_seen_to_be_kept(
    newest: RunningPostgres, tmp_path: Path, on_update: str, rules: list[str], *, append_only: bool
) -> None:
    scratch = ScratchProject.made(tmp_path, newest)
    made = (CREATE, FUNCTION, on_update) if on_update else (CREATE,)
    undone = ("DROP TABLE notes", "DROP FUNCTION keep()") if on_update else ("DROP TABLE notes",)
    scratch.revision("first", executing(*made), executing(*undone))

    report = verify(on_postgresql(scratch, notes(on_update=on_update, append_only=append_only)), newest)

    assert [one.rule for one in report.findings] == rules
    assert [one.place for one in report.findings] == ["notes.updated_at"] * len(rules)
    assert {one.group for one in report.findings} <= {Group.OPINION}


def test_head_and_mapping_are_compared(newest: RunningPostgres, tmp_path: Path) -> None:
    scratch = ScratchProject.made(tmp_path, newest)
    scratch.revision("first", executing(CREATE), executing("DROP TABLE notes"))
    metadata = notes(append_only=True)
    metadata.tables["notes"].append_column(Column("title", String(9)))

    (finding,) = verify(on_postgresql(scratch, metadata), newest).findings

    assert (finding.rule, finding.place) == ("head-differs", "column notes.title")
    assert "title" in finding.fix


def test_an_index_that_is_dropped_and_built_anew_concurrently_is_no_difference(
    newest: RunningPostgres, tmp_path: Path
) -> None:
    scratch = ScratchProject.made(tmp_path, newest)
    index = "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_notes_body ON notes (body)"
    made = (CREATE, index.replace("CONCURRENTLY ", ""))
    scratch.revision("first", executing(*made), executing("DROP TABLE notes"))
    anew = executing("DROP INDEX CONCURRENTLY IF EXISTS ix_notes_body", index).replace("\n", "\n    ")
    scratch.revision("second", f"with op.get_context().autocommit_block():\n        {anew}")
    metadata = notes(append_only=True)
    Index("ix_notes_body", metadata.tables["notes"].c.body)
    project = on_postgresql(scratch, metadata)

    assert verify(project, newest).findings == []
    assert "concurrently-beside-other-work" not in {one.rule for one in lint_revisions(project)}


NUMBERED = "CREATE TABLE tickets (id bigint NOT NULL DEFAULT next_number() PRIMARY KEY)"
NUMBER = "CREATE FUNCTION next_number() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM tickets'"


def tickets(default: str) -> MetaData:
    """One table, whose default calls a function."""
    metadata = MetaData()
    table = Table("tickets", metadata, Column("id", BigInteger, primary_key=True, server_default=text(default)))
    table.info["append_only"] = "a ticket is never changed"
    return metadata


def test_a_mapping_that_needs_a_function_of_the_migrations_is_compared_all_the_same(
    newest: RunningPostgres, tmp_path: Path
) -> None:
    scratch = ScratchProject.made(tmp_path, newest)
    body = f"SET LOCAL check_function_bodies = off; {NUMBER}"
    scratch.revision("first", executing(body, NUMBERED), executing("DROP TABLE tickets", "DROP FUNCTION next_number()"))

    assert verify(on_postgresql(scratch, tickets("next_number()")), newest).findings == []


def test_a_mapping_that_cannot_be_made_is_a_finding_and_what_was_rehearsed_stands(
    newest: RunningPostgres, tmp_path: Path
) -> None:
    scratch = ScratchProject.made(tmp_path, newest)
    scratch.revision("first", executing("CREATE TABLE tickets (id bigint PRIMARY KEY)"), "pass")

    *rehearsed_before, last = verify(on_postgresql(scratch, tickets("no_such_function()")), newest).findings

    assert [one.rule for one in rehearsed_before] == ["no-op-downgrade"]
    assert (last.rule, last.place) == ("mapping-not-made", "mapping")
    assert "function no_such_function() does not exist" in last.message


def test_a_table_that_no_row_is_found_for_is_a_finding_once(newest: RunningPostgres, tmp_path: Path) -> None:
    scratch = ScratchProject.made(tmp_path / "project", newest)
    scratch.revision(
        "first",
        executing("CREATE TABLE riddles (code text NOT NULL CONSTRAINT solved CHECK (md5(code) = 'no digest'))"),
        executing("DROP TABLE riddles"),
    )
    scratch.revision("second", executing("CREATE TABLE others (id int)"), executing("DROP TABLE others"))

    first, second = rehearsed(on_postgresql(scratch), newest, tmp_path, "postgresql")

    (finding,) = first.findings
    assert finding.rule == "table-not-filled"
    assert "riddles" in finding.message
    assert "solved" in finding.message
    assert "example" in finding.fix
    assert second.findings == ()


def test_sqlite_is_rehearsed_as_well(tmp_path: Path) -> None:
    scratch = ScratchProject.made(tmp_path / "project", nowhere := RunningPostgres(make_url("postgresql://"), (0, 0)))
    scratch.revision(
        "first",
        executing("CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(9) NOT NULL, size INTEGER)"),
        executing("DROP TABLE a"),
    )
    scratch.revision("second", executing("CREATE INDEX a_name ON a (name)"), executing("SELECT 1"))
    size = ("ALTER TABLE a DROP COLUMN size", "ALTER TABLE a ADD COLUMN size INTEGER")
    scratch.revision("third", *map(executing, size))
    unique = ("CREATE UNIQUE INDEX a_unique ON a (id, lower(name))", "DROP INDEX a_unique")
    scratch.revision("fourth", *map(executing, unique))
    scratch.revision("fifth", executing("ALTER TABLE a ADD COLUMN x INTEGER NOT NULL"), executing("SELECT 1"))

    reports = rehearsed(on_postgresql(scratch), nowhere, tmp_path, "sqlite")

    assert [[one.rule for one in report.findings] for report in reports] == [
        [],
        ["no-op-downgrade"],
        ["values-lost"],
        [],
        ["upgrade-fails-over-rows"],
    ]


def test_a_history_that_cannot_be_read_cannot_be_rehearsed(newest: RunningPostgres, tmp_path: Path) -> None:
    scratch = ScratchProject.made(tmp_path, newest)
    scratch.revision("first", executing(CREATE))
    (scratch.directory / "alembic" / "versions" / "first.py").write_text("this is no Python")

    with pytest.raises(SchemaToolsError, match=r"first\.py"):
        verify(on_postgresql(scratch), newest)


def command(config: Path, *arguments: str) -> Done:
    return tools("verify", "--config", str(config), *arguments, cwd=Path(__file__).parent)


def test_the_command_ends_with_the_status_of_what_it_found(newest: RunningPostgres, tmp_path: Path) -> None:
    scratch = ScratchProject.made(tmp_path, newest)
    scratch.revision("first", executing("CREATE TABLE a (id int)"), "raise NotImplementedError('kept for ever')")
    scratch.revision("second", executing("CREATE TABLE b (id int)"))
    config = scratch.directory / "alembic.ini"

    clean = command(BOOKSHOP.alembic_ini, "--metadata", "bookshop.tables:metadata")
    found = command(config, "--metadata", "bookshop.tables:metadata")
    document = command(config, "--metadata", "bookshop.tables:metadata", "--format", "json")
    missing = command(tmp_path / "no.ini", "--metadata", "bookshop.tables:metadata")
    elsewhere = command(config, "--metadata", "bookshop.tables:metadata", "--pg-bindir", str(tmp_path))

    assert (clean.returncode, clean.stderr) == (0, "")
    assert clean.stdout.splitlines()[-1].startswith("clean: 5 rehearsals in ")
    assert (found.returncode, found.stderr) == (1, "")
    assert "up; irreversible: kept for ever" in found.stdout
    assert "no-op-downgrade" in found.stdout
    assert document.returncode == 1
    assert json.loads(document.stdout)["revisions"][0]["irreversible"] == "kept for ever"
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "no.ini does not exist" in missing.stderr
    assert (elsewhere.returncode, elsewhere.stderr.count("\n")) == (2, 1)
    assert "PG_BINDIR has no initdb" in elsewhere.stderr
