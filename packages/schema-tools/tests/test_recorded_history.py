"""The database records each step in its transaction; a history that changed since is noticed there, too."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import MetaData, inspect, make_url, text

from schema_tools.errors import SchemaToolsError
from schema_tools.migrations import runner
from schema_tools.migrations.history import history
from schema_tools.migrations.lock_file import write_lock
from schema_tools.migrations.log import TABLE
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.testing.in_process import Done
from schema_tools.testing.plain_sql import connected
from scratch_project import ScratchProject
from tool_commands import tools

if TYPE_CHECKING:
    from schema_tools.migrations.steps import Progress


@pytest.fixture
def scratch(tmp_path: Path) -> ScratchProject:
    """Three revisions, a to c, each with a table."""
    scratch = ScratchProject.made(tmp_path / "project", RunningPostgres(make_url("postgresql://"), (0, 0)))
    for name in "abc":
        add(scratch, name)
    return scratch


@pytest.fixture
def project(scratch: ScratchProject) -> SchemaProject:
    return scratch.project(MetaData())


def add(scratch: ScratchProject, name: str) -> None:
    scratch.revision(
        name, f'op.create_table("table_{name}", sa.Column("id", sa.Integer))', f'op.drop_table("table_{name}")'
    )


def file(scratch: ScratchProject, name: str) -> Path:
    return scratch.directory / "alembic" / "versions" / f"{name}.py"


def replace(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def rows(url: str) -> list[tuple[str, str]]:
    with connected(url) as connection:
        found = connection.execute(text(f"SELECT revision, direction FROM {TABLE} ORDER BY id"))  # noqa: S608
        return [(row.revision, row.direction) for row in found]


def tampered(project: SchemaProject, url: str) -> dict[str, str]:
    return {one.revision: one.tampered for one in history(project, url) if one.tampered}


def test_every_step_is_recorded_with_direction_checksum_time_and_duration(
    scratch: ScratchProject, project: SchemaProject, empty_url: str
) -> None:
    began = datetime.now(UTC).replace(microsecond=0)
    told: list[Progress] = []
    runner.upgrade(project, empty_url, progress=told.append)
    runner.downgrade(project, empty_url, progress=told.append)

    assert rows(empty_url) == [("a", "upgrade"), ("b", "upgrade"), ("c", "upgrade"), ("c", "downgrade")]
    lines = (scratch.directory / "alembic" / "versions.lock").read_text().splitlines()[1:]
    a, b, c = history(project, empty_url)
    assert [f"{one.revision} {','.join(one.parents) or '-'} {one.checksum}" for one in (a, b, c)] == lines
    assert [(one.applied, one.taken_back) for one in (a, b, c)] == [(True, False), (True, False), (False, True)]
    for one in (a, b, c):
        assert one.last_step is not None
        assert one.took is not None
        assert one.last_step.utcoffset() == timedelta()
        assert began <= one.last_step <= datetime.now(UTC)
        assert timedelta() <= one.took < timedelta(minutes=1)
    assert [(one.stage.value, one.revision.revision, one.is_upgrade) for one in told] == [
        (stage, name, direction)
        for name, direction in (("a", True), ("b", True), ("c", True), ("c", False))
        for stage in ("begins", "done")
    ]
    runner.upgrade(project, empty_url)
    assert rows(empty_url)[-1] == ("c", "upgrade")


def test_a_step_that_fails_is_not_recorded(scratch: ScratchProject, project: SchemaProject, empty_url: str) -> None:
    runner.upgrade(project, empty_url)
    scratch.revision("d", 'raise ValueError("no")')

    with pytest.raises(SchemaToolsError, match=r"^d\.py:9 failed and left the schema as it was: ValueError: no$"):
        runner.upgrade(project, empty_url)

    assert ("d", "upgrade") not in rows(empty_url)


def test_a_record_and_a_date_of_somebody_else_are_no_riddle(
    scratch: ScratchProject, project: SchemaProject, empty_url: str
) -> None:
    path = file(scratch, "c")
    path.write_text(f'"""Make c.\n\nCreate Date: yesterday\n"""\n{path.read_text()}')
    write_lock(project, ["c"])
    runner.upgrade(project, empty_url)
    assert [one.created for one in history(project, empty_url)] == [None, None, None]

    with connected(empty_url) as connection:
        connection.execute(text(f"UPDATE {TABLE} SET direction = 'sideways' WHERE revision = 'b'"))  # noqa: S608
    for work in (history, runner.upgrade):
        with pytest.raises(
            SchemaToolsError, match="a row of schema_tools_log is not as these tools write it: 'sideways'"
        ):
            work(project, empty_url)


def test_a_database_older_than_its_records_goes_on(
    scratch: ScratchProject, project: SchemaProject, empty_url: str
) -> None:
    runner.upgrade(project, empty_url)
    with connected(empty_url) as connection:
        connection.execute(text(f"DROP TABLE {TABLE}"))
    assert [(one.applied, one.last_step, one.took) for one in history(project, empty_url)] == [(True, None, None)] * 3

    add(scratch, "d")
    assert [one.revision for one in runner.upgrade(project, empty_url)] == ["d"]

    assert rows(empty_url) == [("d", "upgrade")]
    assert tampered(project, empty_url) == {}
    assert [one.last_step is not None for one in history(project, empty_url)] == [False, False, False, True]


def test_a_revision_that_was_edited_since_is_named_and_nothing_is_run(
    scratch: ScratchProject, project: SchemaProject, empty_url: str
) -> None:
    runner.upgrade(project, empty_url)
    replace(file(scratch, "b"), "sa.Integer", "sa.BigInteger")
    write_lock(project, ["b"])
    add(scratch, "d")

    sentence = r"b\.py is not what was applied here on \d{4}-\d\d-\d\d \d\d:\d\d UTC; restore it as it was then, and"
    for step in (runner.upgrade, runner.downgrade):
        with pytest.raises(SchemaToolsError, match=f"^nothing was run: {sentence}"):
            step(project, empty_url)

    assert list(tampered(project, empty_url)) == ["b"]
    assert len(rows(empty_url)) == 3
    with connected(empty_url) as connection:
        assert not inspect(connection).has_table("table_d")


def test_a_revision_that_was_inserted_since_is_named(
    scratch: ScratchProject, project: SchemaProject, empty_url: str
) -> None:
    runner.upgrade(project, empty_url)
    file(scratch, "x").write_text(file(scratch, "b").read_text().replace("revision = 'b'", "revision = 'x'"))
    replace(file(scratch, "b"), "down_revision = 'a'", "down_revision = 'x'")
    write_lock(project, ["x"])

    with pytest.raises(
        SchemaToolsError, match=r"x\.py was inserted before b\.py, which was applied here on .* without"
    ):
        runner.upgrade(project, empty_url)

    assert list(tampered(project, empty_url)) == ["x"]


def test_revisions_that_changed_places_since_are_named(
    scratch: ScratchProject, project: SchemaProject, empty_url: str
) -> None:
    runner.upgrade(project, empty_url)
    replace(file(scratch, "b"), "down_revision = 'a'", "down_revision = 'c'")
    replace(file(scratch, "c"), "down_revision = 'b'", "down_revision = 'a'")
    write_lock(project, ["b"])

    with pytest.raises(SchemaToolsError, match=r"nothing was run: c\.py is not what was applied here"):
        runner.upgrade(project, empty_url)


def test_a_revision_that_was_deleted_since_is_named_until_the_database_is_stamped(
    scratch: ScratchProject, project: SchemaProject, empty_url: str
) -> None:
    runner.upgrade(project, empty_url)
    file(scratch, "c").unlink()
    write_lock(project, ["c"])

    with pytest.raises(SchemaToolsError, match="revision c is not among the migrations of this release"):
        runner.upgrade(project, empty_url)
    *_, gone = history(project, empty_url)
    assert (gone.revision, gone.applied, gone.file) == ("c", True, "")
    assert gone.tampered.startswith("revision c was applied here on ")
    assert gone.tampered.endswith("use a release that has it, or restore its file")

    alembic = [sys.executable, "-m", "alembic", "-x", f"url={empty_url}", "stamp", "--purge", "b"]
    stamped = subprocess.run(alembic, cwd=scratch.directory, capture_output=True, text=True, check=False)
    assert stamped.returncode == 0, stamped.stderr
    assert rows(empty_url)[-1] == ("b", "stamp")
    assert runner.upgrade(project, empty_url) == []
    assert tampered(project, empty_url) == {}


def test_the_bare_alembic_command_records_its_steps_too(scratch: ScratchProject, empty_url: str) -> None:
    alembic = [sys.executable, "-m", "alembic", "-x", f"url={empty_url}"]
    for step in (["upgrade", "head"], ["downgrade", "-1"]):
        done = subprocess.run([*alembic, *step], cwd=scratch.directory, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    assert rows(empty_url) == [("a", "upgrade"), ("b", "upgrade"), ("c", "upgrade"), ("c", "downgrade")]

    replace(file(scratch, "b"), "sa.Integer", "sa.BigInteger")
    refused = subprocess.run(
        [*alembic, "upgrade", "head"], cwd=scratch.directory, capture_output=True, text=True, check=False
    )
    assert refused.returncode != 0
    assert "nothing was run: alembic/versions/b.py: revision b was edited" in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_history_is_shown_at_a_glance_and_is_status_1_when_it_changed(
    scratch: ScratchProject, tmp_path: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/service.db"
    (scratch.directory / "tables.py").write_text("from sqlalchemy import MetaData\n\nmetadata = MetaData()\n")

    def command(*arguments: str) -> Done:
        return tools(*arguments, "--metadata", "tables:metadata", "--database", url, cwd=scratch.directory)

    def status() -> dict[str, str]:
        return {one["revision"]: one["status"] for one in json.loads(command("history", "--format", "json").stdout)}

    assert status() == {"a": "pending", "b": "pending", "c": "pending"}
    assert command("upgrade", "--to", "b").returncode == 0
    applied = command("upgrade", "--format", "json")
    assert [one["revision"] for one in json.loads(applied.stdout)] == ["c"]
    assert applied.stderr.startswith("applying c: ")
    assert re.fullmatch(r"taking back c: \ntaken back c:  \(\d+ ms\)\n", command("downgrade").stdout)
    assert status() == {"a": "applied", "b": "applied", "c": "taken back"}
    plain = command("history")
    assert (plain.returncode, plain.stderr) == (0, "")
    head, first, *_ = plain.stdout.splitlines()
    assert head.split() == ["status", "revision", "message", "when", "(UTC)", "took", "checksum"]
    assert first.split()[:2] == ["applied", "a"]
    assert "\x1b" not in plain.stdout

    replace(file(scratch, "b"), "sa.Integer", "sa.BigInteger")
    refused = command("upgrade")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "schema_tools: nothing was run: alembic/versions/b.py: revision b was edited" in refused.stderr
    assert refused.stderr.count("\n") == 1
    locked = command("lock", "--again", "b")
    assert (locked.returncode, locked.stdout) == (0, "recorded b\nrecorded c\n")
    changed = command("history")
    assert changed.returncode == 1
    assert "\ntampered: b.py is not what was applied here on " in changed.stdout
    assert status() == {"a": "applied", "b": "tampered", "c": "taken back"}
    assert command("lock").stdout == "recorded nothing new: versions.lock has every migration\n"
    unlocked = command("lock", "--again", "nowhere")
    assert (unlocked.returncode, unlocked.stdout) == (2, "")


# The table of records.


def test_a_table_of_the_former_name_is_taken_over(project: SchemaProject, empty_url: str) -> None:
    runner.upgrade(project, empty_url, to="b")
    with connected(empty_url) as connection:
        connection.execute(text(f"ALTER TABLE {TABLE} RENAME TO migration_log"))
    before = [one.last_step for one in history(project, empty_url) if one.applied]

    runner.upgrade(project, empty_url)

    after = [one.last_step for one in history(project, empty_url)]
    assert None not in [*before, *after]
    assert after[:2] == before
    with connected(empty_url) as connection:
        assert not inspect(connection).has_table("migration_log")


def test_a_table_of_the_project_may_have_the_former_name(scratch: ScratchProject, empty_url: str) -> None:
    scratch.revision("d", "op.create_table('migration_log', sa.Column('body', sa.Text))")
    project = scratch.project(MetaData())

    runner.upgrade(project, empty_url)

    assert None not in [one.took for one in history(project, empty_url)]
    with connected(empty_url) as connection:
        assert [one["name"] for one in inspect(connection).get_columns("migration_log")] == ["body"]


def test_the_table_may_have_another_name(scratch: ScratchProject, empty_url: str) -> None:
    named = 'run(MetaData(), lambda: "", log_table="our_steps", version_table="our_version")'
    environment = scratch.directory / "alembic" / "env.py"
    environment.write_text(environment.read_text().replace('run(MetaData(), lambda: "")', named))

    tools("upgrade", "--database", empty_url, cwd=scratch.directory)
    done = tools("history", "--database", empty_url, "--format", "json", cwd=scratch.directory)

    assert {one["applied"] for one in json.loads(done.stdout)} == {True}
    with connected(empty_url) as connection:
        assert {"our_steps", "our_version"} <= set(inspect(connection).get_table_names())
        assert not {TABLE, "alembic_version"} & set(inspect(connection).get_table_names())
