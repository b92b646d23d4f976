"""What `plan` says of a statement was measured: locks, rewrites and scans, on both releases."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import make_url

from rehearsals import executing, on_postgresql, with_library
from schema_tools.migrations import runner
from schema_tools.migrations.history import history
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.measuring import Counts, Effect
from schema_tools.rehearsal.plan import plan
from schema_tools.testing.in_process import Done
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from scratch_project import ScratchProject
from tool_commands import tools

ROWS = 300


class Fact(NamedTuple):
    """A statement, and what it does to a table with 300 rows."""

    statement: str
    locks: dict[str, str]
    rewritten: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    scanned: dict[str, int] = {}  # noqa: RUF012 -- nobody changes it
    written: dict[str, int] = {}  # noqa: RUF012
    dropped: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    concurrent: bool = False


EXCLUSIVE = {"books": "AccessExclusiveLock"}
FACTS = [
    Fact("ALTER TABLE books ADD COLUMN plain int", EXCLUSIVE),
    Fact("ALTER TABLE books ADD COLUMN steady int NOT NULL DEFAULT 1", EXCLUSIVE),
    Fact(
        "ALTER TABLE books ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()",
        EXCLUSIVE,
        rewritten=("books",),
        indexes=("books_author", "books_pkey", "isbn_unique"),
        # Once to write it anew, and once for each index.
        scanned={"books": 4 * ROWS},
    ),
    Fact("UPDATE books SET plain = 1", {"books": "RowExclusiveLock"}, scanned={"books": ROWS}, written={"books": ROWS}),
    Fact("ALTER TABLE books ALTER COLUMN plain SET NOT NULL", EXCLUSIVE, scanned={"books": ROWS}),
    Fact("ALTER TABLE books ADD CONSTRAINT steadily CHECK (steady > 0) NOT VALID", EXCLUSIVE),
    Fact(
        "ALTER TABLE books VALIDATE CONSTRAINT steadily",
        {"books": "ShareUpdateExclusiveLock"},
        scanned={"books": ROWS},
    ),
    Fact(
        "ALTER TABLE books ALTER COLUMN plain TYPE bigint",
        EXCLUSIVE,
        rewritten=("books",),
        indexes=("books_author", "books_pkey", "isbn_unique"),
        # Once to write it anew, and once for each index.
        scanned={"books": 4 * ROWS},
    ),
    Fact("ALTER TABLE books ALTER COLUMN isbn TYPE varchar(40)", EXCLUSIVE),
    Fact("CREATE INDEX books_plain ON books (plain)", {"books": "ShareLock"}, (), ("books_plain",), {"books": ROWS}),
    Fact("DROP INDEX books_plain", EXCLUSIVE),
    Fact(
        "CREATE INDEX CONCURRENTLY books_steady ON books (steady)",
        {"books": "ShareUpdateExclusiveLock"},
        indexes=("books_steady",),
        scanned={"books": 2 * ROWS},
        concurrent=True,
    ),
    Fact("DROP INDEX CONCURRENTLY books_steady", {"books": "ShareUpdateExclusiveLock"}, concurrent=True),
    Fact("ALTER TABLE books DROP CONSTRAINT book_author", {**EXCLUSIVE, "authors": "AccessExclusiveLock"}),
    Fact(
        "ALTER TABLE books ADD CONSTRAINT book_author FOREIGN KEY (author_id) REFERENCES authors NOT VALID",
        {"authors": "ShareRowExclusiveLock", "books": "ShareRowExclusiveLock"},
    ),
    Fact("COMMENT ON COLUMN books.title IS 'Other'", {"books": "ShareUpdateExclusiveLock"}),
    Fact("CREATE TABLE reviews (id int, book_id int)", {}),
    Fact("CREATE INDEX reviews_book ON reviews (book_id)", {}),
    Fact("DROP VIEW cheap", {}),
    Fact("TRUNCATE books", EXCLUSIVE, emptied=("books",), indexes=("books_author", "books_pkey", "isbn_unique")),
    Fact("DROP TABLE books", {**EXCLUSIVE, "authors": "AccessExclusiveLock"}, dropped=("books",)),
]


def code_of(facts: list[Fact]) -> str:
    lines = []
    for fact in facts:
        call = f"op.execute({fact.statement!r})"
        lines += ["with op.get_context().autocommit_block():", f"    {call}"] if fact.concurrent else [call]
    return "\n    ".join(lines)


def test_what_each_statement_does_is_measured(postgres_server: RunningPostgres, tmp_path: Path) -> None:
    scratch = with_library(tmp_path, postgres_server)
    scratch.revision("second", code_of(FACTS))

    _, second = plan(on_postgresql(scratch), None, postgres_server, rows=ROWS).revisions

    assert second.failure == ""
    assert [one.statement for one in second.statements] == [fact.statement for fact in FACTS]
    for fact, one in zip(FACTS, second.statements, strict=True):
        effect = one.effect
        assert isinstance(effect, Effect)
        assert (fact.statement, effect.locks) == (fact.statement, fact.locks)
        assert (fact.statement, effect.rewritten, effect.indexes) == (fact.statement, fact.rewritten, fact.indexes)
        assert (fact.statement, _only(effect, "scanned")) == (fact.statement, fact.scanned)
        assert (fact.statement, _only(effect, "written")) == (fact.statement, fact.written)
        assert (effect.dropped, effect.emptied) == (fact.dropped, fact.emptied)
        assert effect.transactional != fact.concurrent
        assert one.seconds > 0


def _only(effect: Effect, what: str) -> dict[str, int]:
    return {table: count for table, counts in effect.counts.items() if (count := getattr(counts, what))}


def test_a_statement_has_its_line_and_its_table_the_rows_of_the_live_database(
    postgres_servers: PostgresServers, tmp_path: Path
) -> None:
    server = postgres_servers.server(POSTGRES_NAMES[-1])
    scratch = with_library(tmp_path, server)
    project = on_postgresql(scratch)
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        runner.upgrade(project, url)
        with connected(url) as connection:
            connection.exec_driver_sql("INSERT INTO authors (name) SELECT 'a' FROM generate_series(1, 1234)")
            connection.exec_driver_sql("ANALYZE authors")
        scratch.revision("second", executing("SELECT 1", "ALTER TABLE authors ADD CHECK (name <> '?')"))

        report = plan(project, url, server, rows=ROWS)

        assert [one.revision for one in report.revisions] == ["second"]
        assert report.revisions[0].file == "alembic/versions/second.py"
        assert [one.line for one in report.revisions[0].statements] == [9, 10]
        assert report.live_rows["authors"] == 1234
        (effect,) = [one.effect for one in report.revisions[0].statements if "ALTER" in one.statement]
        assert effect is not None
        assert effect.counts == {"authors": Counts(scanned=ROWS)}
        # Nothing was written there.
        assert [one.applied for one in history(project, url)] == [True, False]


def test_a_migration_that_fails_over_the_rows_ends_the_plan(postgres_servers: PostgresServers, tmp_path: Path) -> None:
    server = postgres_servers.server(POSTGRES_NAMES[-1])
    scratch = with_library(tmp_path, server)
    columns = ("ALTER TABLE books ADD COLUMN x int", "ALTER TABLE books ADD COLUMN y int NOT NULL")
    scratch.revision("second", executing(*columns))
    scratch.revision("third", executing("SELECT 1"))

    _, second = plan(on_postgresql(scratch), None, server, rows=5).revisions

    assert second.failure == 'alembic/versions/second.py:10: column "y" of relation "books" contains null values'
    assert len(second.statements) == 1


def test_statements_outside_a_transaction_that_fail_end_the_plan_as_well(
    postgres_servers: PostgresServers, tmp_path: Path
) -> None:
    server = postgres_servers.server(POSTGRES_NAMES[-1])
    scratch = with_library(tmp_path, server)
    failing = Fact("CREATE UNIQUE INDEX CONCURRENTLY i ON books (price, nowhere)", {}, concurrent=True)
    scratch.revision("second", code_of([failing]))

    _, second = plan(on_postgresql(scratch), None, server, rows=5).revisions

    assert 'column "nowhere" does not exist' in second.failure


def test_on_sqlite_the_statements_are_listed(tmp_path: Path) -> None:
    scratch = ScratchProject.made(tmp_path / "project", RunningPostgres(make_url("postgresql://"), (0, 0)))
    scratch.revision("one", executing("CREATE TABLE a (id INTEGER PRIMARY KEY)"))
    url = f"sqlite+aiosqlite:///{tmp_path}/live.db"
    project = SchemaProject(
        metadata=on_postgresql(scratch).metadata, alembic_ini=scratch.directory / "alembic.ini", databases=("sqlite",)
    )
    runner.upgrade(project, url)
    scratch.revision("two", executing("ALTER TABLE a ADD COLUMN b TEXT"))

    (two,) = plan(project, url).revisions

    assert [(one.line, one.statement, one.effect) for one in two.statements] == [
        (9, "ALTER TABLE a ADD COLUMN b TEXT", None)
    ]
    assert plan(project, url).revisions[0].rows == {"a": 2000}


def command(config: Path, *arguments: str) -> Done:
    options = ("--metadata", "bookshop.tables:metadata", "--config", str(config))
    return tools("plan", *options, *arguments, cwd=Path(__file__).parent)


def test_the_command_is_read_at_a_glance_and_by_programs(postgres_servers: PostgresServers, tmp_path: Path) -> None:
    scratch = with_library(tmp_path, postgres_servers.server(POSTGRES_NAMES[-1]))
    concurrent = Fact("CREATE INDEX CONCURRENTLY books_title ON books (title)", {}, concurrent=True)
    scratch.revision("second", code_of([Fact("ALTER TABLE authors ADD COLUMN pen_name text", {}), concurrent]))
    config = scratch.directory / "alembic.ini"

    shown, document = command(config, "--all"), command(config, "--all", "--format", "json")

    assert (shown.returncode, shown.stderr) == (0, "")
    assert "ALTER TABLE authors ADD COLUMN pen_name text" in shown.stdout
    assert "         authors: ACCESS EXCLUSIVE, blocks reads and writes\n" in shown.stdout
    assert "         reads 4,000 rows of books, which has 2,000 here, 2 times\n" in shown.stdout
    assert document.returncode == 0
    last = json.loads(document.stdout)["revisions"][-1]["statements"][-1]
    assert last["transactional"] is False
    assert last["locks"][0]["mode"] == "SHARE UPDATE EXCLUSIVE"


def test_a_statement_in_a_loop_is_one_line(postgres_servers: PostgresServers, tmp_path: Path) -> None:
    scratch = with_library(tmp_path, postgres_servers.server(POSTGRES_NAMES[-1]))
    loop = "for key in range(300):\n        op.get_bind().execute(sa.text('SELECT :key'), {'key': key})"
    scratch.revision("second", loop)

    shown = command(scratch.directory / "alembic.ini", "--all").stdout.splitlines()

    assert [one.partition(" ms ")[2] for one in shown if "SELECT %(key)s" in one] == ["in all, 300 times"]


@pytest.mark.parametrize("arguments", [[], ["--database", "postgresql+psycopg://app:s3cret@127.0.0.1:1/app"]])
def test_a_plan_without_a_database_to_ask_cannot_run(tmp_path: Path, arguments: list[str]) -> None:
    config = ScratchProject.made(tmp_path, RunningPostgres(make_url("postgresql://"), (0, 0))).directory / "alembic.ini"

    done = command(config, *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "s3cret" not in done.stderr
