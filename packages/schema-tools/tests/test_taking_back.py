"""A downgrade counts what it would lose and asks; what cannot be taken back says so before anything is done."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import MetaData, TableClause, column, inspect, make_url, text

from role_databases import new_names, three_roles
from schema_tools.errors import DataWouldBeLost, IrreversibleRevision
from schema_tools.migrations import runner
from schema_tools.migrations.downgrades import Loss
from schema_tools.migrations.history import history
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.roles.script import roles_script
from schema_tools.testing.in_process import Done
from schema_tools.testing.plain_sql import connected
from scratch_project import ScratchProject
from tool_commands import tools


@pytest.fixture
def scratch(tmp_path: Path) -> ScratchProject:
    """A table `users`, then a column `phone` in it."""
    scratch = ScratchProject.made(tmp_path / "project", RunningPostgres(make_url("postgresql://"), (0, 0)))
    scratch.revision("a", 'op.create_table("users", sa.Column("id", sa.Integer))', 'op.drop_table("users")')
    scratch.revision("b", 'op.add_column("users", sa.Column("phone", sa.Text))', 'op.drop_column("users", "phone")')
    return scratch


@pytest.fixture
def project(scratch: ScratchProject) -> SchemaProject:
    return scratch.project(MetaData())


def would_lose(project: SchemaProject, url: str, to: str = "-1") -> list[str]:
    """What a downgrade says it would lose; it is refused."""
    asked: list[Loss] = []

    def refuse(losses: Sequence[Loss]) -> bool:
        asked.extend(losses)
        return False

    before = schema(url)
    with pytest.raises(DataWouldBeLost) as raised:
        runner.downgrade(project, url, to, consent=refuse)
    assert schema(url) == before
    assert str(raised.value) == f"nothing was changed: this would lose {', '.join(map(str, asked))}"
    return [str(one) for one in asked]


def never(losses: Sequence[Loss]) -> bool:
    raise AssertionError(losses)


def schema(url: str) -> dict[str, list[str]]:
    with connected(url) as connection:
        inspector = inspect(connection)
        names = inspector.get_table_names()
        return {name: [column["name"] for column in inspector.get_columns(name)] for name in sorted(names)}


def run(url: str, *statements: str) -> None:
    with connected(url) as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_columns_with_values_and_tables_with_rows_are_counted(project: SchemaProject, empty_url: str) -> None:
    runner.upgrade(project, empty_url)
    run(empty_url, "INSERT INTO users VALUES (1, '1'), (2, '2'), (3, NULL)")

    assert would_lose(project, empty_url) == ["users.phone: 2 values"]
    assert would_lose(project, empty_url, "base") == ["users.phone: 2 values", "users: 3 rows"]
    assert [one.revision for one in runner.downgrade(project, empty_url, consent=lambda _: True)] == ["b"]
    assert "phone" not in schema(empty_url)["users"]


def test_nobody_is_asked_when_nothing_is_lost(project: SchemaProject, empty_url: str) -> None:
    runner.upgrade(project, empty_url)
    run(empty_url, "INSERT INTO users VALUES (1, NULL)")
    assert [one.revision for one in runner.downgrade(project, empty_url, consent=never)] == ["b"]
    run(empty_url, "DELETE FROM users")
    assert [one.revision for one in runner.downgrade(project, empty_url, consent=never)] == ["a"]


@pytest.mark.parametrize(
    ("statement", "lost"),
    [
        ('DROP TABLE IF EXISTS one, \\"two\\"', ["one: 1 row", '"two": 1 row']),
        ("DELETE FROM one WHERE n = 9", ["one: 1 row"]),
        ("/* all of it */ ALTER TABLE one DROP n", ["one.n: 1 value"]),
        ("ALTER TABLE one RENAME TO uno", []),
        ("UPDATE one SET note = 'DROP TABLE two'", []),
        ("CREATE VIEW v AS SELECT n FROM one -- DROP TABLE two", []),
    ],
)
def test_statements_in_sql_are_read(
    scratch: ScratchProject, project: SchemaProject, empty_url: str, statement: str, lost: list[str]
) -> None:
    scratch.revision("c", "pass", f'op.execute("{statement}")')
    runner.upgrade(project, empty_url)
    for name in ("one", "two"):
        run(empty_url, f"CREATE TABLE {name} (n integer, note text)")
        run(empty_url, f"INSERT INTO {name} VALUES (1, NULL)")  # noqa: S608

    if lost:
        assert would_lose(project, empty_url) == lost
    else:
        assert [one.revision for one in runner.downgrade(project, empty_url, consent=never)] == ["c"]


def test_odd_names_are_counted_as_they_are(scratch: ScratchProject, project: SchemaProject, empty_url: str) -> None:
    names = ["it's", "50%", "%s", "a :b", "a b", 'a"b', "do$$x", "-- a", "/* a", "é"]
    scratch.revision(
        "c",
        f"""for name in {names}:
        op.create_table(name, sa.Column("id", sa.Integer), sa.Column(name, sa.Text))""",
        f"""for name in {names}:
        op.drop_column(name, name)""",
    )
    scratch.revision(
        "d",
        "pass",
        f"""for name in {names}:
        op.drop_table(name)""",
    )
    runner.upgrade(project, empty_url, "c")
    with connected(empty_url) as connection:
        for name in names:
            connection.execute(TableClause(name, column("id"), column(name)).insert().values({"id": 1, name: "x"}))
        quoted = [connection.dialect.identifier_preparer.quote(name).replace("%%", "%") for name in names]

    assert would_lose(project, empty_url) == [f"{name}.{name}: 1 value" for name in quoted]
    runner.upgrade(project, empty_url)
    assert would_lose(project, empty_url) == [f"{name}: 1 row" for name in quoted]


def test_a_table_that_is_dropped_under_another_name_is_not_overlooked(
    scratch: ScratchProject, project: SchemaProject, empty_url: str
) -> None:
    scratch.revision("c", 'op.rename_table("users", "people")', 'op.rename_table("people", "users")')
    runner.upgrade(project, empty_url)
    assert [one.revision for one in runner.downgrade(project, empty_url, "b", consent=never)] == ["c"]
    runner.upgrade(project, empty_url)
    run(empty_url, "INSERT INTO people VALUES (1, NULL)")

    assert "users, which has another name now" in would_lose(project, empty_url, "base")


@pytest.mark.parametrize(
    ("downgrade", "what"),
    [
        (
            'op.get_bind().execute(sa.text("DELETE FROM users")).rowcount + 1',
            "what revision c drops, which cannot be told before it runs",
        ),
        ("op.execute(\"DO $$ BEGIN EXECUTE 'DROP TABLE users'; END $$\")", "drops without naming it"),
    ],
)
def test_what_cannot_be_told_is_asked_about_when_there_are_rows(
    scratch: ScratchProject, project: SchemaProject, empty_postgres_url: str, downgrade: str, what: str
) -> None:
    scratch.revision("c", "pass", downgrade)
    runner.upgrade(project, empty_postgres_url)
    assert [one.revision for one in runner.downgrade(project, empty_postgres_url, consent=never)] == ["c"]
    run(empty_postgres_url, "CREATE TABLE IF NOT EXISTS users (id integer, phone text)")
    runner.upgrade(project, empty_postgres_url)
    run(empty_postgres_url, "INSERT INTO users (id) VALUES (1)")

    (lost,) = would_lose(project, empty_postgres_url)

    assert what in lost


def test_rows_that_the_role_may_not_see_are_asked_about(
    scratch: ScratchProject, project: SchemaProject, empty_postgres_url: str
) -> None:
    forced = "ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
    scratch.revision("c", f'op.execute("{forced}")', "pass")
    scratch.revision("d", "pass", "op.execute(\"DO $$ BEGIN EXECUTE 'DROP TABLE users'; END $$\")")
    names = new_names()
    script = roles_script(MetaData(), str(make_url(empty_postgres_url).database), names)
    with three_roles(empty_postgres_url, script, names) as roles:
        runner.upgrade(project, roles.migrator)
        run(empty_postgres_url, "INSERT INTO users VALUES (1, NULL)")
        unseen = "whose rows this role may not see (row-level security)"
        unclear = "what revision d drops without naming it"
        assert would_lose(project, roles.migrator) == [unclear]
        assert would_lose(project, roles.migrator, "base") == [unclear, f"users.phone, {unseen}", f"users, {unseen}"]
        assert would_lose(project, empty_postgres_url, "base")[0] == "users: 1 row"


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ('raise NotImplementedError("the texts are gone")', "the texts are gone"),
        ("raise NotImplementedError", "it gives no reason"),
        ('op.drop_table("users")\n    raise NotImplementedError("Not this one.")', "Not this one"),
    ],
)
def test_an_irreversible_revision_says_so_and_nothing_is_changed(
    scratch: ScratchProject, project: SchemaProject, empty_url: str, statement: str, reason: str
) -> None:
    scratch.revision("c", "pass", statement)
    scratch.revision("d", 'op.create_table("later", sa.Column("id", sa.Integer))', 'op.drop_table("later")')
    runner.upgrade(project, empty_url)
    before = schema(empty_url)

    with pytest.raises(IrreversibleRevision, match=rf"^c\.py cannot be taken back: {reason}; nothing was changed$"):
        runner.downgrade(project, empty_url, "base")

    assert schema(empty_url) == before
    assert all(one.applied for one in history(project, empty_url))


def test_a_revision_that_finds_out_while_it_runs_leaves_the_schema_as_it_was(
    scratch: ScratchProject, project: SchemaProject, empty_url: str
) -> None:
    scratch.revision(
        "c",
        "pass",
        """op.drop_column("users", "phone")
    if not op.get_context().as_sql:
        raise NotImplementedError("too late")""",
    )
    runner.upgrade(project, empty_url)

    sentence = r"^c\.py:\d+ cannot be taken back: too late; it left the schema as it was$"
    with pytest.raises(IrreversibleRevision, match=sentence):
        runner.downgrade(project, empty_url)

    assert "phone" in schema(empty_url)["users"]


def at_a_terminal(command: Sequence[str], directory: Path, answer: str) -> tuple[int, str]:
    """Run a command at a terminal, where `answer` is typed; returns its status and what it wrote on standard error."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{answer}\n".encode())
        with subprocess.Popen(
            command, cwd=directory, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, text=True
        ) as running:
            running.communicate(timeout=60)
        # The terminal repeats what was typed, and ends lines in two characters.
        shown = os.read(ours, 10_000).decode().replace("\r\n", "\n").removeprefix(f"{answer}\n")
        return running.returncode, shown
    finally:
        os.close(ours)
        os.close(theirs)


def test_the_command_asks_and_refuses_with_status_1_where_nobody_can_be_asked(
    scratch: ScratchProject, project: SchemaProject, tmp_path: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/service.db"
    (scratch.directory / "tables.py").write_text("from sqlalchemy import MetaData\n\nmetadata = MetaData()\n")
    runner.upgrade(project, url)
    run(url, "INSERT INTO users VALUES (1, '1')")

    project_options = ("--metadata", "tables:metadata", "--database", url)

    def downgrade(*arguments: str) -> Done:
        return tools("downgrade", *arguments, *project_options, cwd=scratch.directory)

    refused = downgrade()
    assert (refused.returncode, refused.stdout) == (1, "")
    sentence = "nothing was changed: this would lose users.phone: 1 value; --yes loses it"
    assert refused.stderr == f"schema_tools: {sentence}\n"
    as_json = downgrade("--format", "json")
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout) == {"would_lose": [{"what": "users.phone", "count": 1, "unit": "value"}]}
    assert "phone" in schema(url)["users"]

    for answer, status in (("n", 1), ("y", 0)):
        asked = at_a_terminal(
            [sys.executable, "-m", "schema_tools", "downgrade", *project_options], scratch.directory, answer
        )
        assert asked[0] == status
        assert asked[1].startswith("this would lose:\n  users.phone: 1 value\nlose it? [y/N]:")
    assert "phone" not in schema(url)["users"]

    runner.upgrade(project, url)
    run(url, "UPDATE users SET phone = '1'")
    done = downgrade("--yes")
    assert done.returncode == 0
    assert "\ntaken back b: " in done.stdout
    scratch.revision("c", "pass", 'raise NotImplementedError("no way back")')
    runner.upgrade(project, url)
    irreversible = downgrade("--yes")
    assert (irreversible.returncode, irreversible.stdout) == (2, "")
    assert irreversible.stderr == "schema_tools: c.py cannot be taken back: no way back; nothing was changed\n"
