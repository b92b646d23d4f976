"""`docs --format`, `audit`: what goes to standard output and to standard error, and the exit status."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from bookshop.tables import metadata
from schema_tools.cli.application import application
from schema_tools.cli.context import CommandContext
from schema_tools.project import SchemaDocument, SchemaProject
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers


@pytest.fixture
def one_empty_url(postgres_servers: PostgresServers) -> Iterator[str]:
    """The URL of an empty database on the newest server."""
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        yield url


def run(directory: Path, *arguments: str, url: str = "") -> Result:
    """Run a command on the bookshop, its document in `directory`."""
    ini = directory / "alembic.ini"
    document = SchemaDocument.of_any_project(directory / "schema.md", tables="bookshop.tables", migrations=ini)
    answers = CommandContext(
        project=lambda: SchemaProject(metadata=metadata, alembic_ini=ini, document=document),
        database_url=lambda: url,
        say_error=lambda sentence: typer.echo(sentence, err=True),
    )
    return CliRunner().invoke(application(answers), [*arguments])


def test_the_forms_for_programs_and_spreadsheets_go_to_standard_output_and_need_no_migrations(tmp_path: Path) -> None:
    as_json, as_csv = (run(tmp_path, "docs", "--format", form) for form in ("json", "csv"))

    assert (as_json.exit_code, as_json.stderr) == (as_csv.exit_code, as_csv.stderr) == (0, "")
    assert len(json.loads(as_json.stdout)["tables"]) == len(metadata.tables)
    assert next(csv.reader(as_csv.stdout.splitlines()))[:3] == ["table", "position", "column"]
    assert list(tmp_path.iterdir()) == []


def test_the_document_needs_the_migrations_and_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "docs")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "alembic.ini does not exist" in done.stderr


def test_an_audit_that_finds_nothing_is_status_0(one_empty_url: str, tmp_path: Path) -> None:
    done = run(tmp_path, "audit", url=one_empty_url)

    assert (done.exit_code, done.stdout) == (0, "the database is in good health\n")
    assert done.stderr.startswith("not judged: which indexes are unused")


def test_an_audit_with_findings_is_status_1(one_empty_url: str, tmp_path: Path) -> None:
    with connected(one_empty_url) as connection:
        connection.exec_driver_sql("CREATE TABLE notes (id integer)")

    for_people = run(tmp_path, "audit", url=one_empty_url)
    for_programs = run(tmp_path, "audit", "--format", "json", url=one_empty_url)

    assert for_people.exit_code == for_programs.exit_code == 1
    assert for_people.stdout.startswith("table notes  no-primary-key\n  it has no primary key\n  why: ")
    (found,) = json.loads(for_programs.stdout)["findings"]
    assert (found["rule"], found["place"]) == ("no-primary-key", "table notes")


def test_an_audit_of_a_database_that_cannot_be_reached_is_status_2(tmp_path: Path) -> None:
    done = run(tmp_path, "audit", url="postgresql+psycopg://app:s3cret@127.0.0.1:1/app")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "Connection refused" in done.stderr
    assert "s3cret" not in done.stderr
