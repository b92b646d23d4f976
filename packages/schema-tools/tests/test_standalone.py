"""`python -m schema_tools`: every command, for a project that is named by options, with its exit status."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

import tool_commands
from schema_tools.testing.plain_sql import connected

TESTS = Path(__file__).parent
PROJECT = ("--metadata", "bookshop.tables:metadata", "--config", "bookshop/alembic.ini")

Tools = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the bookshop, as a project of its own."""
    shutil.copytree(TESTS / "bookshop", tmp_path / "bookshop", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture
def tools(shop: Path) -> Tools:
    """Runs a command in the copy, and gives its exit status and what it wrote."""

    def run(*arguments: str) -> tuple[int, str, str]:
        done = tool_commands.tools(*arguments, cwd=shop)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


def test_it_is_a_module_that_runs(shop: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "schema_tools", "lint", *PROJECT], cwd=shop, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_a_project_is_checked_with_nothing_but_its_tables_and_its_migrations(tools: Tools) -> None:
    assert tools("docs", *PROJECT) == (0, "written: docs/database-schema.md\n", "")
    status, output, errors = tools("check", "--format", "json", *PROJECT)

    assert (status, errors) == (0, "")
    assert [(one["check"], one["findings"]) for one in json.loads(output)["checks"]] == [
        ("versions.lock", []),
        ("docs-check", []),
        ("lint", []),
        ("verify", []),
    ]


def test_findings_of_each_check_are_status_1(shop: Path, tools: Tools) -> None:
    document = shop / "docs" / "database-schema.md"
    document.parent.mkdir()
    document.write_text("out of date")
    revision = next((shop / "bookshop" / "alembic" / "versions").glob("*_index_titles.py"))
    source = revision.read_text()
    assert source.count("postgresql_concurrently=True") == 2
    revision.write_text(
        source.replace("            postgresql_concurrently=True,\n", "", 1).replace('["title"]', '["isbn"]')
    )

    status, output, _ = tools("check", "--format", "json", *PROJECT)

    assert status == 1
    assert all(one["findings"] for one in json.loads(output)["checks"])
    assert [tools(command, *PROJECT)[0] for command in ("docs-check", "lint", "verify")] == [1, 1, 1]


def test_a_live_database_is_planned_upgraded_compared_audited_and_taken_down(
    tools: Tools, empty_postgres_url: str
) -> None:
    def status(*arguments: str) -> int:
        return tools(*arguments, *PROJECT, "--database", empty_postgres_url)[0]

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


@pytest.mark.parametrize("name", ["metadata", "Base", "Base.metadata", "Base.registry", "db", "db.metadata", "Note"])
def test_the_tables_are_found_wherever_a_project_has_them(
    tools: Tools, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models_of_a_project.py").write_text(
        "from types import SimpleNamespace\n"
        "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n"
        "class Base(DeclarativeBase): ...\n"
        "class Note(Base):\n"
        "    __tablename__ = 'notes'\n"
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "metadata = Base.metadata\n"
        "db = SimpleNamespace(metadata=metadata)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    status, output, errors = tools("lint", *PROJECT, "--metadata", f"models_of_a_project:{name}")

    assert (status, errors) == (1, "")
    assert "what does notes store?" in output


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
def test_what_could_not_run_is_one_sentence_and_status_2(tools: Tools, arguments: list[str], sentence: str) -> None:
    command, *options = arguments

    status, output, errors = tools(command, *PROJECT, *options)

    assert (status, output) == (2, "")
    assert errors.startswith("schema_tools: ")
    assert sentence in errors
    assert errors.count("\n") == 1


def test_the_roles_are_printed_and_that_of_the_application_is_judged(tools: Tools, empty_postgres_url: str) -> None:
    status, script, errors = tools(
        "roles", *PROJECT, "--database", empty_postgres_url, "--application", "clerk", "--reader", "browser"
    )
    assert (status, errors) == (0, "")
    assert 'TO "clerk"' in script
    assert "'clerk', 'browser'" in script

    stranger = ["--application-database", "postgresql+asyncpg://stranger@127.0.0.1/shop"]
    status, _, errors = tools("audit", *PROJECT, "--database", empty_postgres_url, *stranger)
    assert (status, "there is no role stranger" in errors) == (0, True)
    status, _, errors = tools("audit", "--database", empty_postgres_url, "--application-database", "mysql://x@y/z")
    assert (status, "is not that of a PostgreSQL database" in errors) == (2, True)


def test_an_audit_needs_no_tables(tools: Tools, empty_postgres_url: str) -> None:
    status, output, errors = tools("audit", "--database", empty_postgres_url)

    assert (status, output) == (0, "the database is in good health\n")
    assert "not judged: what the tables declare of privileges: there are no migrations" in errors
