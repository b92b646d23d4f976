"""Outputs that cannot be written to, inputs that are closed, and rows that would speak to a terminal."""

import shlex
import stat
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import make_url

from e2e.processes import CONSOLE_SCRIPT, environment, run_cli
from plain_sql import connected
from running_servers import Storages
from schema_tools.database_urls import without_secrets

COMMANDS = ["users list", "users list --format json", "db history", "db history --format json", "db drift", "db audit"]


def shell(command: str, url: str, directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S602 -- the redirections are the test
        f"{shlex.quote(str(CONSOLE_SCRIPT))} {command}",
        shell=True,
        env=environment(DATABASE_URL=url),
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
def test_an_output_that_takes_nothing_is_said_in_a_sentence(
    storages: Storages, tmp_path: Path, command: str, redirection: str
) -> None:
    with storages.migrated("sqlite") as url:
        done = shell(f"{command} {redirection}", url, tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "tandard output cannot be written to" in done.stderr


def test_an_export_to_an_output_that_is_closed_is_said_in_a_sentence(storages: Storages, tmp_path: Path) -> None:
    with storages.migrated("sqlite") as url:
        done = shell("users export - >&-", url, tmp_path)
    assert (done.returncode, done.stderr) == (2, "fastapi-service: Standard output cannot be used: it is closed.\n")


@pytest.mark.parametrize("command", ["users list <&-", "db downgrade <&-", "users import - <&-"])
def test_an_input_that_is_closed_is_no_traceback(storages: Storages, tmp_path: Path, command: str) -> None:
    with storages.migrated("sqlite") as url:
        done = shell(command, url, tmp_path)
    assert done.returncode in {0, 1, 2}
    assert "Traceback" not in done.stderr


def test_what_a_row_contains_is_not_obeyed_by_the_terminal(storages: Storages, tmp_path: Path) -> None:
    with storages.migrated("sqlite") as url:
        with connected(url) as connection:
            connection.exec_driver_sql(
                "INSERT INTO users (email, name) VALUES ('a@example.com', 'A' || char(27, 8238, 8232) || '[2J')"
            )
        listed = run_cli("users", "list", cwd=tmp_path, DATABASE_URL=url)
    assert not {"\x1b", "\u202e", "\u2028"} & set(listed.stdout)
    assert "A\\x1b\\u202e\\u2028[2J" in listed.stdout


def test_an_export_does_not_follow_a_link_that_leads_nowhere(storages: Storages, tmp_path: Path) -> None:
    with storages.migrated("sqlite") as url:
        link = tmp_path / "users.ndjson"
        link.symlink_to(tmp_path / "elsewhere.ndjson")
        refused = run_cli("users", "export", str(link), cwd=tmp_path, DATABASE_URL=url)
    assert (refused.returncode, "--force" in refused.stderr) == (2, True)
    assert not (tmp_path / "elsewhere.ndjson").exists()


def test_a_database_that_an_upgrade_creates_is_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    assert run_cli("db", "upgrade", cwd=tmp_path, DATABASE_URL=f"sqlite+aiosqlite:///{file}").returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_password_that_is_a_word_of_the_message_is_not_told_by_its_mask() -> None:
    url = make_url("postgresql+psycopg://postgres:postgres@host/name")
    message = "cannot work on postgresql+psycopg://postgres:***@host/name: no such host"
    assert without_secrets(message, url) == message
    other = make_url("postgresql+psycopg://postgres:s3cret@host/name")
    assert without_secrets("of s3cret, not s3crets", other) == "of ***, not s3crets"


@pytest.mark.parametrize("command", ["db upgrade", "users list", "serve --port 0"])
def test_a_python_without_sqlite_is_said_in_a_sentence(tmp_path: Path, command: str) -> None:
    # As where the module was not built: the import system then names it in the same way.
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['_sqlite3'] = None\n", encoding="utf-8")
    url = f"sqlite+aiosqlite:///{tmp_path}/service.db"
    done = run_cli(*command.split(), cwd=tmp_path, DATABASE_URL=url, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "lacks the module _sqlite3: it was built without SQLite" in done.stderr
