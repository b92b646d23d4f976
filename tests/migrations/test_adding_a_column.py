"""A column added to a copy of the service, and nothing done but `db migrate`: right on both databases."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, text

from newcomer import copy_project
from plain_sql import connected
from schema_tools.catalog.stored_code import stored_code
from schema_tools.migrations import runner
from schema_tools.migrations.history import history
from schema_tools.project import SchemaProject

COLUMN = '        Column("nickname", String(32), nullable=True, comment="Nickname"),\n'


def run(copy: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `fastapi-service` on the code of the copy."""
    paths = [str(copy / "src"), *map(str, copy.glob("packages/*/src"))]
    program = f"import sys; sys.path[:0] = {paths!r}; from entrypoints.cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=copy, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the service where `users` has a nickname and `db migrate` has been run."""
    copy = copy_project(tmp_path_factory.mktemp("copy") / "service")
    file = copy / "src" / "adapters" / "sqlalchemy" / "tables" / "users.py"
    source = file.read_text()
    assert source.count("        created_at(),\n") == 1
    file.write_text(source.replace("        created_at(),\n", f"{COLUMN}        created_at(),\n"))
    done = run(copy, "db", "migrate", "-m", "add nickname to users")
    assert done.returncode == 0, done.stderr
    return copy


def test_a_second_migrate_finds_nothing_and_the_document_is_current(copy: Path) -> None:
    again = run(copy, "db", "migrate", "-m", "add nickname to users")
    checked = run(copy, "db", "docs-check")

    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.strip().endswith("there is nothing to migrate: the migrations make what the mapping says")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    document = (copy / "docs" / "database-schema.md").read_text()
    assert "| `nickname` | VARCHAR(32) |  | Nickname |" in document
    assert "| add nickname to users |" in document
    assert '  "nickname": None,\n' in document


def test_it_goes_up_down_and_up_with_rows_in_place(copy: Path, empty_url: str) -> None:
    project = SchemaProject(metadata=MetaData(), alembic_ini=copy / "alembic.ini")
    *_, before, added = history(project)
    assert added.message == "add nickname to users"
    runner.upgrade(project, empty_url, before.revision)
    with connected(empty_url) as connection:
        connection.execute(text("INSERT INTO users (email, name) VALUES ('user@example.com', 'John Doe')"))
        row = connection.execute(text("SELECT * FROM users")).one()._asdict()
        code = stored_code(connection)

    runner.upgrade(project, empty_url)
    assert the_user(empty_url) == {**row, "nickname": None}
    runner.downgrade(project, empty_url)
    assert the_user(empty_url) == row
    with connected(empty_url) as connection:
        assert stored_code(connection) == code
    runner.upgrade(project, empty_url)
    assert the_user(empty_url) == {**row, "nickname": None}


def test_the_trigger_watches_the_new_column_too(copy: Path, empty_url: str) -> None:
    runner.upgrade(SchemaProject(metadata=MetaData(), alembic_ini=copy / "alembic.ini"), empty_url)
    with connected(empty_url) as connection:
        connection.execute(text("INSERT INTO users (email, name) VALUES ('user@example.com', 'John Doe')"))
    before = the_user(empty_url)["updated_at"]

    with connected(empty_url) as connection:
        connection.execute(text("UPDATE users SET nickname = 'Johnny'"))
    changed = the_user(empty_url)["updated_at"]
    with connected(empty_url) as connection:
        connection.execute(text("UPDATE users SET nickname = nickname"))

    assert changed > before
    assert the_user(empty_url)["updated_at"] == changed


@pytest.mark.parametrize("check", ["ruff check", "ruff format --check"])
def test_the_revision_passes_the_projects_checks(copy: Path, check: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *check.split(), "alembic"], cwd=copy, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def the_user(url: str) -> dict[str, Any]:
    with connected(url) as connection:
        return connection.execute(text("SELECT * FROM users")).one()._asdict()
