"""`python -m schema_tools`: every command, for a project that is named by options, with its exit status."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from plain_sql import connected

TESTS = Path(__file__).parents[1]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the bookshop, as a project of its own."""
    shutil.copytree(TESTS / "bookshop", tmp_path / "bookshop", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def tools(directory: Path, *arguments: str, url: str = "") -> "subprocess.CompletedProcess[str]":
    database = ["--database", url] if url else []
    return subprocess.run(
        [
            *(sys.executable, "-m", "schema_tools", *arguments),
            *("--metadata", "bookshop.tables:metadata", "--config", "bookshop/alembic.ini", *database),
        ],
        cwd=directory,
        env={key: value for key, value in os.environ.items() if key != "DATABASE_URL"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_project_is_checked_with_nothing_but_its_tables_and_its_migrations(shop: Path) -> None:
    written = tools(shop, "docs")
    checked = tools(shop, "check", "--format", "json")

    assert (written.returncode, written.stderr) == (0, "")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert [(one["check"], one["findings"]) for one in json.loads(checked.stdout)["checks"]] == [
        ("versions.lock", []),
        ("docs-check", []),
        ("lint", []),
        ("verify", []),
    ]


def test_findings_of_each_check_are_status_1(shop: Path) -> None:
    revision = next((shop / "bookshop" / "alembic" / "versions").glob("*_index_titles.py"))
    source = revision.read_text()
    assert source.count("postgresql_concurrently=True") == 2
    revision.write_text(
        source.replace("            postgresql_concurrently=True,\n", "", 1).replace('["title"]', '["isbn"]')
    )

    checked = tools(shop, "check", "--format", "json")

    assert checked.returncode == 1
    found = {one["check"]: one["findings"] for one in json.loads(checked.stdout)["checks"]}
    assert all(found.values())
    for command in ("docs-check", "lint", "verify"):
        done = tools(shop, command)
        assert done.returncode == 1, command
        assert "Traceback" not in done.stderr


def test_a_live_database_is_planned_upgraded_compared_audited_and_taken_down(
    shop: Path, empty_postgres_url: str
) -> None:
    def status(*arguments: str) -> int:
        done = tools(shop, *arguments, url=empty_postgres_url)
        assert "Traceback" not in done.stderr
        return done.returncode

    assert status("plan") == 0
    assert status("drift") == 1
    assert status("upgrade") == 0
    assert status("history") == 0
    assert (status("drift"), status("audit")) == (0, 0)
    with connected(empty_postgres_url) as connection:
        connection.execute(text("ALTER TABLE books DROP CONSTRAINT ck_books_isbn_form"))
        connection.execute(text("DROP INDEX ix_books_author_id"))
        connection.commit()
    assert (status("drift"), status("audit")) == (1, 1)
    assert status("downgrade") == 0
    assert status("downgrade", "--to", "base") == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["drift"], "name the database"),
        (["drift", "--database", "postgresql://nobody@127.0.0.1:1/nothing"], "Connection refused"),
        (["lint", "--config", "nowhere.ini"], "nowhere.ini does not exist"),
        (["lint", "--metadata", "bookshop.nowhere"], "No module named 'bookshop.nowhere'"),
        (["lint", "--metadata", "bookshop.tables:books"], "is a Table, not a sqlalchemy.MetaData,"),
    ],
)
def test_what_could_not_run_is_one_sentence_and_status_2(shop: Path, arguments: list[str], sentence: str) -> None:
    command, *options = arguments
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schema_tools", command, "--metadata", "bookshop.tables"),
            *("--config", "bookshop/alembic.ini", *options),
        ],
        cwd=shop,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("schema_tools: ")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
