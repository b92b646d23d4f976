"""A migration waits for a lock a while, tries again, gives up in so many words, and cleans up after a failed build."""

import re
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, inspect, make_url, text

from schema_tools.errors import SchemaToolsError
from schema_tools.migrations import runner
from schema_tools.migrations.connection import Patience
from schema_tools.migrations.history import history
from schema_tools.migrations.steps import Progress, Stage
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.testing.plain_sql import connected
from scratch_project import ScratchProject

HASTY = Patience(lock_timeout_ms=150, concurrent_lock_timeout_ms=150, attempts=3, pause_seconds=0.01)


@pytest.fixture
def scratch(tmp_path: Path) -> ScratchProject:
    """A project with one revision, which makes the table `busy`."""
    scratch = ScratchProject.made(tmp_path / "project", RunningPostgres(make_url("postgresql://"), (0, 0)))
    scratch.revision("first", 'op.create_table("busy", sa.Column("id", sa.Integer))', 'op.drop_table("busy")')
    return scratch


@pytest.fixture
def project(scratch: ScratchProject) -> SchemaProject:
    return scratch.project(MetaData())


def index_is_valid(url: str, name: str = "ix_busy") -> bool | None:
    """None when there is no such index."""
    query = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"
    with connected(url) as connection:
        found: bool | None = connection.execute(text(query), {"name": name}).scalar()
        return found


def concurrent_index(scratch: ScratchProject, *, unique: bool = False) -> None:
    """Write a revision that builds an index concurrently, after a table of its own."""
    scratch.revision(
        "second",
        f"""op.create_table("before", sa.Column("id", sa.Integer), if_not_exists=True)
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_busy", "busy", ["id"], unique={unique}, postgresql_concurrently=True, if_not_exists=True
        )""",
    )


def backend(connection: Connection) -> int:
    return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def test_a_revision_is_tried_again_and_done_when_the_lock_is_free(
    scratch: ScratchProject, project: SchemaProject, empty_postgres_url: str
) -> None:
    runner.upgrade(project, empty_postgres_url)
    scratch.revision("second", 'op.create_table("made", sa.Column("id", sa.Integer))\n    op.drop_table("busy")')
    told: list[Progress] = []

    with connected(empty_postgres_url) as holder:
        holder.execute(text("LOCK TABLE busy IN ACCESS SHARE MODE"))
        pid = backend(holder)

        def progress(event: Progress) -> None:
            told.append(event)
            if event.stage is Stage.WAITS:
                holder.rollback()

        done = runner.upgrade(project, empty_postgres_url, progress=progress, patience=HASTY)

    assert [one.revision for one in done] == ["second"]
    assert [one.stage.value for one in told] == ["begins", "waits", "begins", "done"]
    assert re.match(
        rf"busy is held by process {pid} \(idle in transaction since .* UTC\); attempt 2 of 3", told[1].reason
    )
    with connected(empty_postgres_url) as connection:
        assert sorted(inspect(connection).get_table_names()) == ["alembic_version", "made", "schema_tools_log"]


def test_it_gives_up_and_names_who_had_the_lock(
    scratch: ScratchProject, project: SchemaProject, empty_postgres_url: str
) -> None:
    runner.upgrade(project, empty_postgres_url)
    scratch.revision("second", 'op.create_table("made", sa.Column("id", sa.Integer))\n    op.drop_table("busy")')
    scratch.revision("third", 'op.create_table("never", sa.Column("id", sa.Integer))')
    told: list[Progress] = []
    named = make_url(empty_postgres_url).update_query_dict({"application_name": "nightly report"})

    with connected(named) as holder:
        holder.execute(text("INSERT INTO busy VALUES (7777777)"))
        pid = backend(holder)
        with pytest.raises(SchemaToolsError) as raised:
            runner.upgrade(project, empty_postgres_url, progress=told.append, patience=HASTY)

    assert re.fullmatch(
        r"second\.py:10 did not get a lock in 3 attempts and left the schema as it was: busy is held by process"
        rf" {pid} \(nightly report, idle in transaction since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC\);"
        r" wait for that to end, or end it, and run this again",
        str(raised.value),
    )
    assert [one.stage.value for one in told] == ["begins", "waits", "begins", "waits", "begins"]
    with connected(empty_postgres_url) as connection:
        assert sorted(inspect(connection).get_table_names()) == ["alembic_version", "busy", "schema_tools_log"]
    assert [one.revision for one in runner.upgrade(project, empty_postgres_url)] == ["second", "third"]


def test_a_failed_concurrent_build_is_told_of_and_cleaned_on_the_next_run(
    scratch: ScratchProject, project: SchemaProject, empty_postgres_url: str
) -> None:
    runner.upgrade(project, empty_postgres_url)
    concurrent_index(scratch, unique=True)
    with connected(empty_postgres_url) as connection:
        connection.execute(text("INSERT INTO busy VALUES (1), (1)"))

    with pytest.raises(SchemaToolsError) as raised:
        runner.upgrade(project, empty_postgres_url)

    assert re.match(
        r"second\.py:11 failed and left what it had done by then, because it works outside a transaction: index ix_busy"
        r" may be there and INVALID, and the next run drops it before it builds it again: could not create unique"
        r' index "ix_busy"$',
        str(raised.value),
    )
    assert index_is_valid(empty_postgres_url) is False
    assert [one.applied for one in history(project, empty_postgres_url)] == [True, False]

    with connected(empty_postgres_url) as connection:
        connection.execute(text("DELETE FROM busy"))
    assert [one.revision for one in runner.upgrade(project, empty_postgres_url)] == ["second"]
    assert index_is_valid(empty_postgres_url) is True


def test_a_valid_index_of_that_name_stays(
    scratch: ScratchProject, project: SchemaProject, empty_postgres_url: str
) -> None:
    runner.upgrade(project, empty_postgres_url)
    concurrent_index(scratch)
    with connected(empty_postgres_url) as connection:
        connection.execute(text("CREATE INDEX ix_busy ON busy (id)"))
        before = connection.execute(text("SELECT 'ix_busy'::regclass::oid")).scalar_one()

    runner.upgrade(project, empty_postgres_url)

    with connected(empty_postgres_url) as connection:
        assert connection.execute(text("SELECT 'ix_busy'::regclass::oid")).scalar_one() == before


def test_a_concurrent_build_that_waits_too_long_is_not_repeated_by_itself_and_says_what_it_left(
    scratch: ScratchProject, project: SchemaProject, empty_postgres_url: str
) -> None:
    runner.upgrade(project, empty_postgres_url)
    concurrent_index(scratch)
    told: list[Progress] = []

    with connected(empty_postgres_url) as holder:
        holder.execute(text("INSERT INTO busy VALUES (1)"))
        with pytest.raises(SchemaToolsError) as raised:
            runner.upgrade(project, empty_postgres_url, progress=told.append, patience=HASTY)
        assert f"is held by process {backend(holder)} (" in str(raised.value)
        # Now it is the index that was left which cannot be dropped.
        with pytest.raises(SchemaToolsError) as again:
            runner.upgrade(project, empty_postgres_url, patience=HASTY)

    assert re.match(
        r"second\.py:11 did not get a lock and left what it had done by then, .* ix_busy", str(raised.value)
    )
    assert str(again.value) == str(raised.value)
    assert [one.stage.value for one in told] == ["begins"]
    assert index_is_valid(empty_postgres_url) is False
    runner.upgrade(project, empty_postgres_url)
    assert index_is_valid(empty_postgres_url) is True


def test_a_connection_that_is_lost_in_a_concurrent_build_is_the_reason_that_is_told(
    scratch: ScratchProject, project: SchemaProject, empty_postgres_url: str
) -> None:
    runner.upgrade(project, empty_postgres_url)
    with connected(empty_postgres_url) as connection:
        connection.execute(text("INSERT INTO busy VALUES (1)"))
        connection.execute(
            text(
                "CREATE FUNCTION ending(n int) RETURNS int IMMUTABLE LANGUAGE sql"
                " AS $$ SELECT pg_terminate_backend(pg_backend_pid())::int $$"
            )
        )
    scratch.revision(
        "second",
        """with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix_busy ON busy (ending(id))")""",
    )

    with pytest.raises(SchemaToolsError) as raised:
        runner.upgrade(project, empty_postgres_url)

    assert "index ix_busy may be there and INVALID" in str(raised.value)
    assert "terminating connection due to administrator command" in str(raised.value)


@pytest.mark.parametrize(
    ("expression", "afterwards", "timeouts"),
    [("telling(id)", "SELECT 1", "2min and 0"), ("id", "SELECT telling(1)", "5s and 15min")],
)
def test_a_concurrent_build_may_take_long_and_the_statement_after_it_may_not(
    scratch: ScratchProject,
    project: SchemaProject,
    empty_postgres_url: str,
    *,
    expression: str,
    afterwards: str,
    timeouts: str,
) -> None:
    runner.upgrade(project, empty_postgres_url)
    with connected(empty_postgres_url) as connection:
        connection.execute(text("INSERT INTO busy VALUES (1)"))
        connection.execute(
            text(
                "CREATE FUNCTION telling(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
                " '% and %', current_setting('lock_timeout'), current_setting('statement_timeout'); END $$"
            )
        )
    scratch.revision(
        "second",
        f"""with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix_busy ON busy ({expression})")
        op.execute("{afterwards}")""",
    )

    with pytest.raises(SchemaToolsError, match=f": {timeouts}"):
        runner.upgrade(project, empty_postgres_url, patience=Patience(concurrent_lock_timeout_ms=120_000))


def test_it_stops_when_the_lock_against_other_migrators_is_lost(
    scratch: ScratchProject, project: SchemaProject, empty_postgres_url: str
) -> None:
    runner.upgrade(project, empty_postgres_url)
    scratch.revision(
        "second",
        """op.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
        " WHERE locktype = 'advisory' AND datname = current_database()"
    )""",
    )
    scratch.revision("third", 'op.create_table("made", sa.Column("id", sa.Integer))')

    def until_it_is_noticed(event: Progress) -> None:
        watchers = [one for one in threading.enumerate() if one.name == "waits of a migration"]
        if event.stage is Stage.DONE:
            for one in watchers:
                one.join(timeout=30)

    with pytest.raises(SchemaToolsError, match="kept other migrators waiting was lost"):
        runner.upgrade(project, empty_postgres_url, locked=False, progress=until_it_is_noticed, patience=HASTY)

    assert [one.applied for one in history(project, empty_postgres_url)] == [True, True, False]
    assert [one.revision for one in runner.upgrade(project, empty_postgres_url, locked=False)] == ["third"]
