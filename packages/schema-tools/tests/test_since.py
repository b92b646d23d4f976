"""`--since`: only what is new, after a revision or since a branch of git."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

from git_checkout import commit_all, git
from lint_project import LintProject
from schema_tools.lint import touched_tables
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.verify import verify
from schema_tools.reporting.since import new_since
from schema_tools.testing.in_process import Done
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from tool_commands import tools

TABLES = """\
from sqlalchemy import Column, Integer, JSON, MetaData, Table, Text

metadata = MetaData()
Table("notes", metadata, Column("id", Integer, primary_key=True), Column("more", JSON))
Table("pages", metadata, Column("id", Integer, primary_key=True), Column("more", JSON))
"""
CREATE = 'op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("more", sa.JSON))'
INDEX = 'op.create_index("ix_{0}_id", "{0}", ["id"])'


@pytest.fixture
def lint(tmp_path: Path) -> LintProject:
    """A project whose first three revisions are committed on the branch main: one of them blocks writes."""
    lint = LintProject.made(tmp_path, CREATE.format("notes"))
    lint.add(CREATE.format("pages"))
    lint.add(INDEX.format("notes"))
    (tmp_path / "tables_since.py").write_text(TABLES)
    (tmp_path / ".gitignore").write_text("__pycache__\n")
    commit_all(tmp_path)
    git(tmp_path, "checkout", "--quiet", "-b", "work")
    return lint


def run(lint: LintProject, *arguments: str) -> Done:
    return tools(*arguments, "--metadata", "tables_since:metadata", cwd=lint.directory)


def places(lint: LintProject, *arguments: str) -> set[str]:
    """Where findings are, by file or table."""
    done = run(lint, *arguments, "--format", "json")
    assert done.stderr == ""
    document: dict[str, Any] = json.loads(done.stdout)
    found = document["findings"] if "findings" in document else [f for c in document["checks"] for f in c["findings"]]
    return {re.split(r"[:.](?!py)", one["place"].rpartition("/")[2])[0] for one in found}


def test_after_a_revision_are_those_that_a_database_at_it_has_not_had(lint: LintProject) -> None:
    lint.add(INDEX.format("pages"))

    assert new_since(lint.project, "r001") == {"r002", "r003"}
    assert new_since(lint.project, "r003") == set()
    assert places(lint, "lint", "--since", "r002") == {"r003.py", "pages"}
    assert places(lint, "lint", "--since", "r001") == {"r002.py", "r003.py", "pages", "notes"}
    assert run(lint, "lint", "--since", "r003").returncode == 0


def test_a_revision_is_known_by_its_beginning_unless_that_is_of_several(lint: LintProject) -> None:
    file = lint.add("pass")
    file.write_text(file.read_text().replace("'r003'", "'abc123'"))

    assert new_since(lint.project, "abc") == set()
    done = run(lint, "lint", "--since", "r00")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "schema_tools: --since r00 is the beginning of several revisions: r000, r001, r002\n"


def test_branches_that_a_revision_has_not_in_its_past_are_new(lint: LintProject) -> None:
    lint.add("pass")
    other = lint.add("pass")
    other.write_text(other.read_text().replace("down_revision = 'r003'", "down_revision = 'r001'"))

    assert new_since(lint.project, "r003") == {"r004"}
    assert new_since(lint.project, "r004") == {"r002", "r003"}


def test_since_a_branch_are_files_that_were_committed_changed_or_only_written(lint: LintProject) -> None:
    lint.add(INDEX.format("pages"))
    commit_all(lint.directory)
    git(lint.directory, "checkout", "--quiet", "main")
    # What the other branch goes on to do is not news of this one.
    lint.add("pass").rename(lint.directory / "alembic" / "versions" / "r999.py")
    other = lint.directory / "alembic" / "versions" / "r999.py"
    other.write_text(other.read_text().replace("'r004'", "'r999'").replace("'r003'", "'r002'"))
    commit_all(lint.directory)
    git(lint.directory, "checkout", "--quiet", "work")
    lint.names.remove("r004")
    assert new_since(lint.project, "main") == {"r003"}

    lint.add("pass")
    assert new_since(lint.project, "main") == {"r003", "r004"}
    assert new_since(lint.project, "HEAD") == {"r004"}
    changed = lint.directory / "alembic" / "versions" / "r001.py"
    changed.write_text(changed.read_text() + "# edited\n")
    assert new_since(lint.project, "HEAD") == {"r001", "r004"}


def test_only_the_tables_that_new_revisions_touch_are_judged(lint: LintProject) -> None:
    lint.add(INDEX.format("pages"))

    for command in ("lint", "check"):
        found = places(lint, command, "--since", "main")
        assert found >= {"r003.py", "pages"}
        assert not found & {"r000.py", "r001.py", "r002.py", "notes"}
    assert places(lint, "lint") >= {"r002.py", "notes", "pages"}


@pytest.mark.parametrize(
    ("body", "touched"),
    [
        ('op.add_column("notes", sa.Column("a", sa.Text))', {"notes"}),
        ('op.drop_index("ix_notes_more")', {"notes"}),
        ("op.execute(\"ALTER TYPE mood ADD VALUE 'bored'\")", {"shop.pages"}),
        ('op.execute("UPDATE shop.pages SET id = 1")', {"shop.pages"}),
        ('op.rename_table("old", "notes")', {"notes"}),
        ('op.execute("CREATE VIEW v AS SELECT 1")', set()),
        ('op.create_table("other", sa.Column("id", sa.Integer))', set()),
        ('op.execute("DROP TABLE notes CASCADE")', {"notes"}),
        ("op.execute(\"DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'x'; END $$\")", {"notes", "shop.pages"}),
        ('raise ValueError("no")', {"notes", "shop.pages"}),
        ('op.get_bind().execute(sa.text("SELECT 1")).scalar()', {"notes", "shop.pages"}),
    ],
)
def test_the_tables_that_a_revision_touches(tmp_path: Path, body: str, touched: set[str]) -> None:
    from sqlalchemy import Enum, Index

    metadata = MetaData()
    Table("notes", metadata, Column("id", Integer), Column("more", Text), Index("ix_notes_more", "more"))
    Table("pages", metadata, Column("mood", Enum("sad", name="mood")), schema="shop")
    lint = LintProject.made(tmp_path)
    lint.add(body)
    project = SchemaProject(metadata=metadata, alembic_ini=lint.project.alembic_ini)

    assert touched_tables(project, {"r001"}) == touched
    assert touched_tables(project, set()) == set()


def test_verify_rehearses_only_what_is_new_and_compares_the_head(lint: LintProject) -> None:
    lint.add('op.add_column("notes", sa.Column("extra", sa.Text))')

    done = run(lint, "verify", "--since", "r002", "--format", "json")
    document = json.loads(done.stdout)

    assert [(one["revision"], one["rows"] > 0) for one in document["revisions"]] == [("r003", True)]
    rules = [one["rule"] for one in document["findings"]]
    assert "no-op-downgrade" in rules
    assert [one["place"] for one in document["findings"] if one["rule"] == "head-differs"] == [
        "index notes.ix_notes_id",
        "column notes.extra",
    ]
    whole = json.loads(run(lint, "verify", "--format", "json").stdout)
    assert {(one["rule"], one["place"]) for one in document["findings"]} < {
        (one["rule"], one["place"]) for one in whole["findings"]
    }


def test_an_old_revision_that_was_changed_is_rehearsed_after_those_before_it_alone(lint: LintProject) -> None:
    changed = lint.directory / "alembic" / "versions" / "r001.py"
    changed.write_text(changed.read_text() + "# edited\n")
    lint.add("pass")

    document = json.loads(run(lint, "verify", "--since", "main", "--format", "json").stdout)

    assert [one["revision"] for one in document["revisions"]] == ["r001", "r003"]
    assert document["revisions"][1]["rows"] > 0
    assert {one["rule"] for one in document["findings"]} == {"no-op-downgrade", "head-differs"}


def test_an_old_revision_that_fails_is_named(lint: LintProject) -> None:
    file = lint.add('op.execute("SELECT 1 / 0")')
    lint.add("pass")

    document = json.loads(run(lint, "verify", "--since", "r003", "--format", "json").stdout)

    assert [one["revision"] for one in document["revisions"]] == ["r004"]
    assert ("upgrade-fails", f"alembic/versions/{file.name}:10") in [
        (one["rule"], one["place"]) for one in document["findings"]
    ]


def test_where_nothing_is_new_the_head_is_compared(lint: LintProject) -> None:
    document = json.loads(run(lint, "verify", "--since", "r002", "--format", "json").stdout)

    assert (document["revisions"], [one["place"] for one in document["findings"]]) == ([], ["index notes.ix_notes_id"])


@pytest.mark.parametrize("command", ["lint", "verify", "check"])
def test_what_git_does_not_know_is_one_sentence(lint: LintProject, command: str) -> None:
    (lint.directory / ".git").rename(lint.directory / "no-git")
    without = run(lint, command, "--since", "main")
    (lint.directory / "no-git").rename(lint.directory / ".git")
    unknown = run(lint, command, "--since", "nowhere")
    option = run(lint, command, "--since=--all")
    git(lint.directory, "checkout", "--quiet", "--orphan", "unrelated")
    git(lint.directory, "commit", "--quiet", "--message", "another beginning")
    unrelated = run(lint, command, "--since", "main")

    for done, sentence in (
        (without, "is in no checkout of git that could have such a commit: fatal: not a git repository"),
        (unknown, "--since nowhere is neither a revision nor a branch, tag or commit that git has"),
        (option, "--since --all is neither"),
        (unrelated, "git has no commit that it and HEAD have in common"),
    ):
        assert (done.returncode, done.stdout) == (2, "")
        assert sentence in done.stderr
        assert done.stderr.count("\n") == 1


def test_without_git_it_is_one_sentence(lint: LintProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(lint.directory / "alembic"))

    done = run(lint, "lint", "--since", "main")

    assert (done.returncode, done.stderr.rpartition(": ")[2]) == (2, "git is not installed\n")
    assert run(lint, "lint", "--since", "r002").returncode == 0


def test_the_variables_of_a_hook_of_git_lead_nowhere_else(lint: LintProject, monkeypatch: pytest.MonkeyPatch) -> None:
    lint.add("pass")
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")

    assert new_since(lint.project, "main") == {"r003"}


def test_each_kind_of_database_is_rehearsed_from_there(lint: LintProject, postgres_servers: PostgresServers) -> None:
    lint.add('op.add_column("notes", sa.Column("extra", sa.Text))')
    project = replace(lint.project, databases=("sqlite", "postgresql"))

    report = verify(project, postgres_servers.server(POSTGRES_NAMES[-1]), revisions={"r003"})

    assert [(one.dialect, one.revision, one.rows > 0) for one in report.revisions] == [
        ("sqlite", "r003", True),
        ("postgresql", "r003", True),
    ]
    differing = {one.message.partition(":")[0] for one in report.findings if one.rule == "head-differs"}
    assert differing == {"sqlite", "postgresql"}


def test_since_and_revision_are_not_given_together(lint: LintProject) -> None:
    done = run(lint, "lint", "--since", "r001", "--revision", "r002")

    assert (done.returncode, done.stderr) == (2, "schema_tools: give --revision or --since, not both\n")


def test_one_new_revision_among_a_hundred_takes_two_seconds(postgres_servers: PostgresServers, tmp_path: Path) -> None:
    lint, metadata = LintProject.made(tmp_path, "pass"), MetaData()
    for number in range(20):
        lint.add(f'op.create_table("t{number}", sa.Column("id", sa.Integer, primary_key=True))')
    columns: list[list[Column[Any]]] = [[Column("id", Integer, primary_key=True)] for _ in range(20)]
    for number in range(79):
        columns[number % 20].append(Column(f"c{number}", Text))
        lint.add(f'op.add_column("t{number % 20}", sa.Column("c{number}", sa.Text))')
    last = tmp_path / "alembic" / "versions" / "r099.py"
    last.write_text(last.read_text().replace("    pass\n", '    op.drop_column("t18", "c78")\n'))
    for number, of_table in enumerate(columns):
        Table(f"t{number}", metadata, *of_table)
    server = postgres_servers.server(POSTGRES_NAMES[-1])
    project = SchemaProject(metadata=metadata, alembic_ini=lint.project.alembic_ini)
    assert len(lint.names) == 100

    seconds = []
    for _ in range(3):
        report = verify(project, server, revisions={lint.names[-1]})
        assert ([one.revision for one in report.revisions], report.findings) == (["r099"], [])
        seconds.append(report.seconds)

    # A copy of an empty database takes 40 ms; where others keep the disk busy, everything takes longer alike.
    began = time.monotonic()
    server.drop_database(str(server.create_database("yardstick").database))
    busy = max(1.0, (time.monotonic() - began) / 0.1)
    assert min(seconds) < 2 * busy
