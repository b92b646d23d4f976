"""`fastapi-service db`: what it says, where it says it, and its exit status."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from warm_commands import run_service

if TYPE_CHECKING:
    import subprocess

DATABASE = "sqlite+aiosqlite:///{directory}/service.db"


def db(directory: Path, *arguments: str, url: str = DATABASE) -> "subprocess.CompletedProcess[str]":
    """Run a command on a database in `directory`."""
    environment = {**os.environ, "DATABASE_URL": url.format(directory=directory)}
    return run_service("db", *arguments, cwd=directory, environment=environment, patience=60)


def test_a_database_goes_up_and_down_and_its_history_tells(tmp_path: Path) -> None:
    def status() -> set[str]:
        done = db(tmp_path, "history", "--format", "json")
        assert (done.returncode, done.stderr) == (0, "")
        return {one["status"] for one in json.loads(done.stdout)}

    assert status() == {"pending"}
    assert ": create users (" in db(tmp_path, "upgrade").stdout
    assert status() == {"applied"}
    assert db(tmp_path, "upgrade").stdout == "nothing to do: the database is up to date\n"
    assert "taken back" in db(tmp_path, "downgrade", "--to", "base").stdout
    assert status() == {"taken back"}
    again = db(tmp_path, "downgrade")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "fastapi-service: there is nothing to downgrade: the database has no migration\n"


def test_the_history_is_a_table_for_people(tmp_path: Path) -> None:
    head, first, *_ = db(tmp_path, "history").stdout.splitlines()

    assert head.split() == ["status", "revision", "message", "when", "(UTC)", "took", "checksum"]
    assert first.split()[0] == "pending"
    assert "create users" in first


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("memory://", "memory:// has no schema to migrate"),
        ("sqlite+aiosqlite:///{directory}/nowhere/service.db", "nowhere does not exist"),
        ("postgresql+psycopg://app:s3cret@127.0.0.1:1/app", "Connection refused"),
        ("mysql://app:s3cret@127.0.0.1/app", "must begin with one of"),
    ],
)
@pytest.mark.parametrize("command", ["upgrade", "downgrade", "history"])
def test_a_database_that_cannot_be_used_is_named_in_one_sentence(
    tmp_path: Path, command: str, url: str, sentence: str
) -> None:
    done = db(tmp_path, command, url=url)

    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert "s3cret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_an_installed_package_says_that_writing_needs_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from entrypoints.cli import schema_project
    from entrypoints.cli.main import app

    monkeypatch.setattr(schema_project, "migrations_root", lambda: tmp_path)

    with pytest.raises(SystemExit) as raised:
        app(["db", "docs"])

    assert raised.value.code == 2
    assert "this needs a checkout" in capsys.readouterr().err


def test_the_document_that_is_committed_is_current(tmp_path: Path) -> None:
    done = db(tmp_path, "docs-check", "--format", "json")

    assert (done.returncode, json.loads(done.stdout)) == (0, {"findings": []})


def test_the_report_shows_the_tables_of_the_service_and_says_what_needs_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG_BINDIR", str(tmp_path))

    done = db(tmp_path, "report", "-o", "var/report.html")

    assert (done.returncode, done.stdout) == (0, "written: var/report.html (0 findings)\n")
    assert "not in the report: the differences between revisions and the findings of verify" in done.stderr
    assert 'id="table-users"' in (tmp_path / "var" / "report.html").read_text("utf-8")


def test_a_message_that_is_missing_is_asked_for(tmp_path: Path) -> None:
    done = db(tmp_path, "migrate", "-m", " ")

    assert done.returncode == 2
    assert "needs a message" in done.stderr
