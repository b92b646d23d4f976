"""Upgrades wait for each other, fail without a trace in the schema, and say what happened in one sentence."""

import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import URL, MetaData, inspect, make_url, text

from schema_tools.errors import SchemaToolsError
from schema_tools.migrations import runner
from schema_tools.migrations.connection import ADVISORY_LOCK, Patience, migration_connection
from schema_tools.migrations.history import history
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.testing.plain_sql import connected
from scratch_project import ScratchProject

if TYPE_CHECKING:
    from schema_tools.migrations.blockers import Blocker


@pytest.fixture
def scratch(tmp_path: Path) -> ScratchProject:
    """A project without revisions, which are written by hand here."""
    return ScratchProject.made(tmp_path / "project", RunningPostgres(make_url("postgresql://"), (0, 0)))


@pytest.fixture
def project(scratch: ScratchProject) -> SchemaProject:
    """A project with two revisions."""
    scratch.revision("one", 'op.create_table("one", sa.Column("id", sa.Integer))', 'op.drop_table("one")')
    scratch.revision("two", 'op.create_table("two", sa.Column("id", sa.Integer))', 'op.drop_table("two")')
    return scratch.project(MetaData())


UPGRADER = """
import sys
from pathlib import Path
from sqlalchemy import MetaData
from schema_tools.migrations import runner
from schema_tools.project import SchemaProject

project = SchemaProject(metadata=MetaData(), alembic_ini=Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
print(len(runner.upgrade(project, sys.argv[1])))
"""


def test_three_upgrades_at_once_apply_every_revision_once(project: SchemaProject, empty_url: str) -> None:
    upgraders = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADER, empty_url, str(project.alembic_ini)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for upgrader in upgraders:
        assert upgrader.stdout is not None
        assert upgrader.stdout.readline() == "ready\n"
    for upgrader in upgraders:
        assert upgrader.stdin is not None
        upgrader.stdin.write("go\n")
        upgrader.stdin.flush()

    done = sorted(int(upgrader.communicate(timeout=60)[0]) for upgrader in upgraders)

    assert done == [0, 0, len(history(project))]


def test_upgrades_in_several_threads_do_not_mix_up_their_databases(project: SchemaProject, tmp_path: Path) -> None:
    urls = [f"sqlite+aiosqlite:///{tmp_path}/{number}.db" for number in range(3)]

    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(lambda url: len(runner.upgrade(project, url)), urls))

    assert done == [len(history(project))] * 3


def test_an_upgrade_says_that_it_waits_and_goes_on_afterwards(project: SchemaProject, empty_postgres_url: str) -> None:
    told: SimpleQueue[Blocker | None] = SimpleQueue()
    with ThreadPoolExecutor(1) as thread:
        with migration_connection(make_url(empty_postgres_url)):
            other = thread.submit(runner.upgrade, project, empty_postgres_url, waiting=told.put)
            at_work = told.get(timeout=30)
            time.sleep(0.1)
            assert not other.done()

        assert len(other.result(30)) == len(history(project))
    since = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    assert re.fullmatch(rf"process \d+ \(schema-tools migration, connected since {since}\)", str(at_work))


def test_the_wait_for_another_migration_ends_and_names_its_session(
    project: SchemaProject, empty_postgres_url: str
) -> None:
    url = make_url(empty_postgres_url).update_query_dict({"application_name": "release 7"})
    with migration_connection(url), pytest.raises(SchemaToolsError) as raised:
        runner.upgrade(project, empty_postgres_url, patience=Patience(migrator_seconds=0.2))

    assert re.fullmatch(
        r"another migration was still at work after 0 seconds: process \d+ \(release 7, connected since .* UTC\);"
        r" wait for that to end, or end it, and run this again",
        str(raised.value),
    )


def test_the_lock_is_free_after_an_upgrade_and_after_a_failure(project: SchemaProject, empty_postgres_url: str) -> None:
    with pytest.raises(SchemaToolsError):
        runner.upgrade(project, empty_postgres_url, "unknown")
    runner.upgrade(project, empty_postgres_url)

    with connected(empty_postgres_url) as connection:
        assert connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK}).scalar()


@pytest.mark.parametrize("failure", ['op.execute("INSERT INTO nowhere VALUES (1)")', 'raise ValueError("no")'])
def test_a_failing_revision_leaves_the_schema_as_it_was_and_is_named_with_its_line(
    scratch: ScratchProject, empty_url: str, failure: str
) -> None:
    scratch.revision("first", 'op.create_table("one", sa.Column("id", sa.Integer, primary_key=True))')
    project = scratch.project(MetaData())
    runner.upgrade(project, empty_url)
    scratch.revision("second", f'op.create_table("two", sa.Column("id", sa.Integer))\n    {failure}')

    with pytest.raises(SchemaToolsError, match=r"^second\.py:10 failed and left the schema as it was: ") as raised:
        runner.upgrade(project, empty_url)

    assert "\n" not in str(raised.value)
    assert raised.value.__cause__ is None
    with connected(empty_url) as connection:
        assert sorted(inspect(connection).get_table_names()) == ["alembic_version", "one", "schema_tools_log"]
    assert [one.applied for one in history(project, empty_url)] == [True, False]


def test_a_revision_with_a_syntax_error_is_named(scratch: ScratchProject, empty_url: str) -> None:
    scratch.revision("first", "pass")
    file = scratch.directory / "alembic" / "versions" / "first.py"
    file.write_text(file.read_text().replace("    pass", "    this is no Python", 1))

    with pytest.raises(SchemaToolsError, match=r"^first\.py:9 is no Python: "):
        runner.upgrade(scratch.project(MetaData()), empty_url)


def test_rows_that_refer_to_a_table_survive_its_copying_on_sqlite(scratch: ScratchProject, tmp_path: Path) -> None:
    scratch.revision(
        "first",
        """op.create_table("parents", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(9)))
    op.create_table("children", sa.Column("parent_id", sa.Integer, sa.ForeignKey("parents.id", ondelete="CASCADE")))
    op.execute("INSERT INTO parents VALUES (1, 'a')")
    op.execute("INSERT INTO children VALUES (1)")""",
    )
    scratch.revision(
        "second",
        """with op.batch_alter_table("parents") as batch_op:
        batch_op.alter_column("name", type_=sa.Text())""",
    )
    url = f"sqlite+aiosqlite:///{tmp_path}/family.db"

    runner.upgrade(scratch.project(MetaData()), url)

    with connected(url) as connection:
        assert connection.execute(text("SELECT parent_id FROM children")).scalars().all() == [1]


def test_an_upgrade_that_would_leave_dangling_references_is_undone(scratch: ScratchProject, tmp_path: Path) -> None:
    scratch.revision(
        "first",
        """op.create_table("parents", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table("children", sa.Column("parent_id", sa.Integer, sa.ForeignKey("parents.id")))
    op.execute("INSERT INTO children VALUES (7)")""",
    )
    url = f"sqlite+aiosqlite:///{tmp_path}/family.db"

    with pytest.raises(SchemaToolsError, match="children -> parents"):
        runner.upgrade(scratch.project(MetaData()), url)

    with connected(url) as connection:
        assert inspect(connection).get_table_names() == []


def test_there_is_nothing_to_downgrade_in_an_empty_database(project: SchemaProject, empty_url: str) -> None:
    with pytest.raises(SchemaToolsError, match="nothing to downgrade"):
        runner.downgrade(project, empty_url)


def test_an_unknown_revision_is_named(project: SchemaProject, empty_url: str) -> None:
    with pytest.raises(SchemaToolsError, match=r"^revision nowhere is not among the migrations of this release$"):
        runner.upgrade(project, empty_url, "nowhere")


def test_a_database_that_is_ahead_of_this_release_is_refused(project: SchemaProject, empty_url: str) -> None:
    runner.upgrade(project, empty_url)
    with connected(empty_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'fromthefuture'"))

    for step in (runner.upgrade, runner.downgrade, history):
        with pytest.raises(SchemaToolsError, match=r"^revision fromthefuture is not among"):
            step(project, empty_url)


def test_looking_at_the_history_does_not_create_a_database(project: SchemaProject, tmp_path: Path) -> None:
    file = tmp_path / "none.db"

    assert not any(one.applied for one in history(project, f"sqlite+aiosqlite:///{file}"))
    assert not file.exists()


def test_a_directory_that_does_not_exist_is_named(project: SchemaProject, tmp_path: Path) -> None:
    for step in (runner.upgrade, runner.downgrade, history):
        with pytest.raises(SchemaToolsError, match=f"^the directory {tmp_path}/nowhere does not exist$"):
            step(project, f"sqlite+aiosqlite:///{tmp_path}/nowhere/service.db")


def test_a_file_that_is_no_database_is_refused(project: SchemaProject, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("These are no pages of a database." * 100)

    with pytest.raises(SchemaToolsError, match="file is not a database"):
        runner.upgrade(project, f"sqlite+aiosqlite:///{file}")


def test_a_locked_sqlite_database_is_reported(project: SchemaProject, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/busy.db"
    with connected(url), pytest.raises(SchemaToolsError, match="database is locked"):
        runner.upgrade(project, f"{url}?timeout=0.1")


def test_the_history_is_shown_while_somebody_writes(project: SchemaProject, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/busy.db"
    runner.upgrade(project, url)
    with connected(url):
        assert all(one.applied for one in history(project, f"{url}?timeout=0.1"))


def test_the_history_does_not_wait_for_a_lock_for_ever(
    project: SchemaProject, empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner.upgrade(project, empty_postgres_url)
    monkeypatch.setattr("schema_tools.migrations.connection._READING", "-c lock_timeout=100ms")
    with connected(empty_postgres_url) as holder:
        holder.execute(text("LOCK TABLE alembic_version"))
        with pytest.raises(SchemaToolsError, match="canceling statement due to lock timeout"):
            history(project, empty_postgres_url)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("integer", 'invalid input syntax for type integer: "..."'),
        ("json", "invalid input syntax for type json"),
    ],
)
def test_what_rows_hold_is_never_told(
    scratch: ScratchProject, empty_postgres_url: str, kind: str, sentence: str
) -> None:
    project = scratch.project(MetaData())
    scratch.revision("first", 'op.create_table("notes", sa.Column("note", sa.Text))')
    runner.upgrade(project, empty_postgres_url)
    with connected(empty_postgres_url) as connection:
        connection.execute(text("""INSERT INTO notes VALUES ('private "matter"')"""))
    scratch.revision("second", f'op.execute("ALTER TABLE notes ALTER note TYPE {kind} USING note::{kind}")')

    with pytest.raises(SchemaToolsError) as raised:
        runner.upgrade(project, empty_postgres_url)

    assert str(raised.value) == f"second.py:9 failed and left the schema as it was: {sentence}"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://app:s3cret@db/a%00b", "the database URL holds %00"),
        ("postgresql://app:s3%00cret@db/a", "the database URL holds %00"),
        (f"postgresql://app:s3cret@{'a' * 64}/a", r"cannot work on .*: Unicode\w*Error: "),
        ("sqlite:///a.db?timeout=soon", "a parameter behind its [?] has a wrong value"),
        (f"sqlite:///{'a' * 300}.db", "File name too long"),
    ],
)
def test_an_address_that_is_none_is_one_sentence(project: SchemaProject, url: str, sentence: str) -> None:
    with pytest.raises(SchemaToolsError, match=sentence) as raised:
        history(project, url)

    assert "cret" not in str(raised.value)


@pytest.mark.parametrize("place", ["userinfo", "query"])
def test_a_wrong_password_is_reported_without_the_password(
    project: SchemaProject, empty_postgres_url: str, place: str
) -> None:
    right = make_url(empty_postgres_url)
    secret = "s3cret-and-wrong"
    wrong = right.set(password=secret) if place == "userinfo" else _without_password(right, secret)

    with pytest.raises(SchemaToolsError) as raised:
        runner.upgrade(project, wrong)

    assert "password authentication failed" in str(raised.value)
    assert secret not in str(raised.value)
    assert "\n" not in str(raised.value)


def _without_password(url: URL, secret: str) -> URL:
    bare = URL.create(url.drivername, url.username, None, url.host, url.port, url.database)
    return bare.update_query_dict({"password": secret})


def test_a_server_that_is_not_there_is_reported_without_the_password(project: SchemaProject) -> None:
    with pytest.raises(SchemaToolsError, match="Connection refused") as raised:
        runner.upgrade(project, "postgresql+psycopg://app:s3cret@127.0.0.1:1/app")

    assert "s3cret" not in str(raised.value)
    assert "app:***@127.0.0.1:1/app" in str(raised.value)


def test_a_checkout_may_be_in_a_directory_with_percent_signs(tmp_path: Path) -> None:
    copy = tmp_path / "feature%2Fx %(here)s"
    shutil.copytree(Path(__file__).parent / "bookshop", copy)
    project = SchemaProject(metadata=MetaData(), alembic_ini=copy / "alembic.ini")

    assert len(history(project)) == len(list((copy / "alembic" / "versions").glob("*.py")))
