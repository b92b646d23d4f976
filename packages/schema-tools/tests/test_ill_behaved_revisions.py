"""Revisions that end their transaction, or the program, or follow one that is lost: a sentence, and never a success."""

from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text
from typer.testing import CliRunner

from schema_tools.cli.application import application
from schema_tools.cli.context import CommandContext
from schema_tools.errors import SchemaToolsError
from schema_tools.lint import lint_revisions
from schema_tools.migrations import runner
from schema_tools.migrations.history import history
from schema_tools.project import SchemaDocument, SchemaProject
from schema_tools.rehearsal.verify import verify
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from scratch_project import ScratchProject

CREATE = 'op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("body", sa.Text))'


@pytest.fixture
def scratch(postgres_servers: PostgresServers, tmp_path: Path) -> ScratchProject:
    return ScratchProject.made(tmp_path, postgres_servers.server(POSTGRES_NAMES[-1]))


def notes() -> MetaData:
    metadata = MetaData()
    Table("notes", metadata, Column("id", Integer, primary_key=True), Column("body", Text))
    return metadata


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_revision_that_ends_its_transaction_is_no_success(
    scratch: ScratchProject, empty_url: str, ending: str
) -> None:
    scratch.revision("first", 'op.execute("SELECT 1")')
    project = scratch.project(notes())
    runner.upgrade(project, empty_url)
    scratch.revision("second", f'{CREATE}\n    op.get_bind().{ending}()\n    op.execute("SELECT 1")')

    with pytest.raises(SchemaToolsError, match=r"second\.py ended its transaction itself"):
        runner.upgrade(project, empty_url)
    assert [one.applied for one in history(project, empty_url)] == [True, False]


def test_a_rehearsal_names_a_revision_that_ends_its_transaction(scratch: ScratchProject) -> None:
    scratch.revision(
        "first", f'{CREATE}\n    op.get_bind().commit()\n    op.execute("SELECT 1")', 'op.drop_table("notes")'
    )

    found = verify(scratch.project(notes()), scratch.server).findings

    assert any("ended its transaction itself" in one.message for one in found), found


def test_a_revision_that_ends_the_program_is_an_error_of_each_command(scratch: ScratchProject, empty_url: str) -> None:
    scratch.revision("first", "raise SystemExit(0)")
    project = scratch.project(notes())

    with pytest.raises(SchemaToolsError, match=r"versions/first\.py:\d+ ended the program"):
        runner.upgrade(project, empty_url)
    assert any("ended the program" in one.message for one in lint_revisions(project))
    assert "ended the program" in verify(project, scratch.server).findings[0].message


def test_a_lost_revision_is_named_by_check_and_by_every_other_command(scratch: ScratchProject, empty_url: str) -> None:
    scratch.revision("first", CREATE)
    scratch.revision("second", 'op.execute("SELECT 1")')
    (scratch.directory / "alembic" / "versions" / "first.py").unlink()
    path = scratch.directory / "schema.md"
    project = scratch.project(notes())
    document = SchemaDocument.of_any_project(path, tables="notes", migrations=project.alembic_ini)
    project = SchemaProject(metadata=notes(), alembic_ini=project.alembic_ini, document=document)
    context = CommandContext(project=lambda: project, database_url=lambda: empty_url, say_error=print)

    for command in ("check", "history", "lint", "docs", "docs-check", "verify", "plan", "drift", "upgrade"):
        done = CliRunner().invoke(application(context), [command])
        assert done.exit_code == 2, (command, done.output)
        assert isinstance(done.exception, SystemExit), (command, done.exception)
        assert "first" in done.output or "there is no database" in done.output
    checked = CliRunner().invoke(application(context), ["check"])
    assert not checked.stdout.startswith("\n")
    assert "revision first was deleted" in checked.output
