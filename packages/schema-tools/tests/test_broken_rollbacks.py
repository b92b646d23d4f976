"""Downgrades that do not take back what their upgrade did, and upgrades that fail over rows: each is named."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from rehearsals import executing, on_postgresql, rehearsed, with_library
from schema_tools.findings import Finding
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.rehearsal.revision_report import RevisionReport
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers

MORE = "ALTER TABLE books ADD COLUMN more int"
AUTHOR = "ALTER TABLE books ADD CONSTRAINT book_author FOREIGN KEY (author_id) REFERENCES authors"
LESS = "ALTER TABLE books DROP COLUMN more"


class Broken(NamedTuple):
    """A revision, and what is found of it: the rule, the function it points at or the line, and some of the words."""

    up: tuple[str, ...]
    down: tuple[str, ...]
    rule: str
    words: str


BROKEN = {
    "an enum type is left behind": Broken(
        up=("CREATE TYPE book_format AS ENUM ('paper', 'audio')", "ALTER TABLE books ADD COLUMN format book_format"),
        down=("ALTER TABLE books DROP COLUMN format",),
        rule="left-behind",
        words="the enum book_format is left behind",
    ),
    "the downgrade does nothing": Broken(
        up=(MORE, "CREATE INDEX books_more ON books (more)"),
        down=(),
        rule="no-op-downgrade",
        words=r"the downgrade changes nothing, and leaves what the upgrade did: .*column books\.more",
    ),
    "another CHECK is restored": Broken(
        up=("ALTER TABLE books DROP CONSTRAINT price_positive",),
        down=("ALTER TABLE books ADD CONSTRAINT price_positive CHECK (price > -1000000000)",),
        rule="restored-differently",
        words=r"check constraint books\.price_positive was .*price > .?0.*, and is .*1000000000",
    ),
    "NOT NULL is restored on rows that have none": Broken(
        up=("ALTER TABLE books ALTER COLUMN title DROP NOT NULL",),
        down=("ALTER TABLE books ALTER COLUMN title SET NOT NULL",),
        rule="downgrade-fails-over-rows",
        words='column "title" of relation "books" contains null values, in: ALTER TABLE books ALTER COLUMN title',
    ),
    "a narrower type is restored under longer values": Broken(
        up=("ALTER TABLE books ALTER COLUMN isbn TYPE varchar(20)",),
        down=("ALTER TABLE books ALTER COLUMN isbn TYPE varchar(13)",),
        rule="downgrade-fails-over-rows",
        words=r"value too long for type character varying\(13\)",
    ),
    "an index is not restored": Broken(
        up=("DROP INDEX books_author", MORE),
        down=(LESS,),
        rule="not-restored",
        words=r"the index books\.books_author is not restored",
    ),
    "an index is left behind": Broken(
        up=("CREATE INDEX books_pages ON books (pages)", MORE),
        down=(LESS,),
        rule="left-behind",
        words=r"the index books\.books_pages is left behind",
    ),
    "a default is not restored": Broken(
        up=("ALTER TABLE books ALTER COLUMN title SET DEFAULT 'no title'", MORE),
        down=(LESS,),
        rule="restored-differently",
        words=r"default of column books\.title was 'untitled'::text, and is 'no title'::text",
    ),
    "a type is not restored": Broken(
        up=("ALTER TABLE books ALTER COLUMN pages TYPE bigint", MORE),
        down=(LESS,),
        rule="restored-differently",
        words=r"type of column books\.pages was integer, and is bigint",
    ),
    "a trigger is lost": Broken(
        up=("DROP TRIGGER books_touch ON books", MORE),
        down=(LESS,),
        rule="not-restored",
        words="the trigger .*books_touch.* is not restored",
    ),
    "a comment is lost": Broken(
        up=("COMMENT ON COLUMN books.title IS NULL", MORE),
        down=(LESS,),
        rule="restored-differently",
        words=r"comment of column books\.title was .*Title.*, and is not set",
    ),
    "a sequence is left behind": Broken(
        up=("CREATE SEQUENCE numbers", "ALTER TABLE books ADD COLUMN more int DEFAULT nextval('numbers')"),
        down=("ALTER TABLE books ALTER COLUMN more DROP DEFAULT", LESS),
        rule="left-behind",
        words="the sequence numbers is left behind",
    ),
    "a foreign key deletes otherwise": Broken(
        up=(
            "ALTER TABLE books DROP CONSTRAINT book_author",
            f"{AUTHOR} ON DELETE SET NULL",
        ),
        down=(
            "ALTER TABLE books DROP CONSTRAINT book_author",
            AUTHOR,
        ),
        rule="restored-differently",
        words=r"foreign key books\.book_author was .*ON DELETE CASCADE, and is ",
    ),
    "a unique constraint is not restored": Broken(
        up=("ALTER TABLE books DROP CONSTRAINT isbn_unique", MORE),
        down=(LESS,),
        rule="not-restored",
        words=r"the unique constraint books\.isbn_unique is not restored",
    ),
    "a view is left out": Broken(
        up=("DROP VIEW cheap", "ALTER TABLE books ALTER COLUMN price TYPE numeric(12, 2)"),
        down=("DELETE FROM books WHERE price >= 1e8", "ALTER TABLE books ALTER COLUMN price TYPE numeric(10, 2)"),
        rule="not-restored",
        words="the view cheap is not restored",
    ),
    "a function is left behind": Broken(
        up=(MORE, "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
        down=(LESS,),
        rule="left-behind",
        words=r"the function one\(\) is left behind",
    ),
    "the downgrade deletes rows": Broken(
        up=(MORE,),
        down=("DELETE FROM books WHERE pages IS NULL", LESS),
        rule="rows-lost",
        words=r"going up and down again loses \d of 8 rows of books",
    ),
    "a column comes back empty": Broken(
        up=("ALTER TABLE books DROP COLUMN pages",),
        down=("ALTER TABLE books ADD COLUMN pages int",),
        rule="values-lost",
        words=r"loses \d of 8 values of books\.pages: they are NULL afterwards",
    ),
    "a table comes back empty": Broken(
        up=("DROP VIEW cheap", "DROP TABLE books"),
        down=("CREATE TABLE books (id int PRIMARY KEY)",),
        rule="rows-lost",
        words="loses 8 of 8 rows of books",
    ),
    "values stay changed": Broken(
        up=(MORE, "UPDATE authors SET name = 'nobody'"),
        down=(LESS,),
        rule="values-changed",
        words=r'leaves \d of 8 values of authors\.name changed: ".*" became "nobody"',
    ),
    "a counter is set back": Broken(
        up=(MORE,),
        down=(LESS, "ALTER TABLE books ALTER COLUMN id RESTART"),
        rule="counter-set-back",
        words=r"sets the counter books_id_seq back from \d+ to 0",
    ),
    "the upgrade leads elsewhere the second time": Broken(
        up=(
            MORE,
            "DO 'BEGIN IF nextval(''runs'') > 1 THEN CREATE INDEX books_pages ON books (pages); END IF; END'",
        ),
        down=(LESS,),
        rule="upgrade-not-repeatable",
        words="after its downgrade the upgrade leads elsewhere: index books.books_pages is there",
    ),
    "the upgrade fails the second time": Broken(
        up=("CREATE TABLE extras (id int PRIMARY KEY)", MORE),
        down=(LESS,),
        rule="upgrade-not-repeatable",
        words='after its downgrade the upgrade fails: relation "extras" already exists, in: CREATE TABLE extras',
    ),
    "the downgrade fails whatever is there": Broken(
        up=(MORE,),
        down=("ALTER TABLE books DROP COLUMN mroe",),
        rule="downgrade-fails",
        words='the downgrade fails: column "mroe" of relation "books" does not exist, in: ALTER TABLE books DROP',
    ),
    "NOT NULL without a default": Broken(
        up=("ALTER TABLE books ADD COLUMN more int NOT NULL",),
        down=(LESS,),
        rule="upgrade-fails-over-rows",
        words='works without rows, and fails over some: column "more" of relation "books" contains null values',
    ),
    "a CHECK that rows break": Broken(
        up=("ALTER TABLE books ADD CONSTRAINT thick CHECK (pages > 100)",),
        down=("ALTER TABLE books DROP CONSTRAINT thick",),
        rule="upgrade-fails-over-rows",
        words="thick.* is violated by some row",
    ),
    "the upgrade fails whatever is there": Broken(
        up=("ALTER TABLE boosk ADD COLUMN more int",),
        down=(),
        rule="upgrade-fails",
        words='the upgrade fails: relation "boosk" does not exist',
    ),
}

# One of each way to be found out, on the older release as well.
ON_EVERY_SERVER = {
    name
    for rule in {one.rule for one in BROKEN.values()}
    for name in [next(name for name, one in BROKEN.items() if one.rule == rule)]
}
TRIALS = [
    pytest.param(server, name, id=f"{name}-{server}")
    for server in POSTGRES_NAMES
    for name in BROKEN
    if server == POSTGRES_NAMES[-1] or name in ON_EVERY_SERVER
]


def rehearse(server: RunningPostgres, directory: Path, up: str, down: str) -> RevisionReport:
    """What becomes of a second revision, over a first one that is as it should be."""
    scratch = with_library(directory / "project", server)
    scratch.revision("second", up, down)
    first, second = rehearsed(on_postgresql(scratch), server, directory, "postgresql")
    assert first.findings == ()
    return second


@pytest.mark.parametrize(("server", "name"), TRIALS)
def test_a_broken_revision_is_named(postgres_servers: PostgresServers, tmp_path: Path, server: str, name: str) -> None:
    broken = BROKEN[name]

    report = rehearse(postgres_servers.server(server), tmp_path, executing(*broken.up), executing(*broken.down))

    found = [one for one in report.findings if one.rule == broken.rule and re.search(broken.words, one.message)]
    assert found, report.findings
    assert re.fullmatch(r"alembic/versions/second\.py:\d+", found[0].place)
    assert found[0].why
    assert "\n" not in found[0].message


@pytest.fixture
def newest(postgres_servers: PostgresServers) -> RunningPostgres:
    return postgres_servers.server(POSTGRES_NAMES[-1])


def findings_of(server: RunningPostgres, directory: Path, up: str, down: str) -> list[Finding]:
    return list(rehearse(server, directory, up, down).findings)


def test_a_finding_points_at_the_function_or_at_the_statement(newest: RunningPostgres, tmp_path: Path) -> None:
    (left,) = findings_of(newest, tmp_path / "a", executing("CREATE SEQUENCE s", MORE), executing(LESS))[:1]
    (failed,) = findings_of(newest, tmp_path / "b", executing(MORE), executing("SELECT 1", "DROP TABLE nowhere"))

    assert left.place == "alembic/versions/second.py:13"  # def downgrade()
    assert left.fix.startswith("DROP SEQUENCE s")
    assert failed.place == "alembic/versions/second.py:14"  # the second of its statements


@pytest.mark.parametrize(
    ("up", "down"),
    [
        pytest.param([MORE], [LESS], id="a column"),
        pytest.param(
            [MORE, "UPDATE books SET more = 1", "ALTER TABLE books ALTER COLUMN more SET NOT NULL"],
            [LESS],
            id="a backfill",
        ),
        pytest.param(
            ["UPDATE books SET pages = 1 WHERE pages IS NULL", MORE], [LESS], id="what was empty is filled in"
        ),
        pytest.param(
            ["ALTER TABLE books ADD COLUMN label text", "UPDATE books SET label = title"],
            ["ALTER TABLE books DROP COLUMN label"],
            id="a copied column",
        ),
        pytest.param(
            ["ALTER TABLE books RENAME COLUMN pages TO sheets"],
            ["ALTER TABLE books RENAME COLUMN sheets TO pages"],
            id="a renamed column",
        ),
        pytest.param(["UPDATE books SET pages = pages"], [], id="nothing"),
    ],
)
def test_a_revision_that_is_taken_back_as_it_should_has_no_finding(
    newest: RunningPostgres, tmp_path: Path, up: list[str], down: list[str]
) -> None:
    report = rehearse(newest, tmp_path, executing(*up), executing(*down))

    assert report.findings == ()
    assert report.irreversible is None
    assert report.rows == 16


def test_a_column_may_have_the_name_of_an_alias(newest: RunningPostgres, tmp_path: Path) -> None:
    scratch = with_library(tmp_path / "project", newest)
    added = executing("ALTER TABLE books ADD COLUMN t text NOT NULL DEFAULT 'a'")
    scratch.revision("second", added, executing("ALTER TABLE books DROP COLUMN t"))
    scratch.revision("third", executing(MORE), executing(LESS))

    for report in rehearsed(on_postgresql(scratch), newest, tmp_path, "postgresql"):
        assert (report.irreversible, report.findings) == (None, ())


def test_an_irreversible_revision_says_why_and_the_walk_goes_on(newest: RunningPostgres, tmp_path: Path) -> None:
    scratch = with_library(tmp_path / "project", newest)
    dropping = executing("ALTER TABLE books DROP COLUMN pages")
    scratch.revision("second", dropping, 'raise NotImplementedError("no pages")')
    scratch.revision("third", executing(MORE), executing(LESS))
    scratch.revision("fourth", executing("DROP TABLE books CASCADE"), "raise NotImplementedError")

    _, second, third, fourth = rehearsed(on_postgresql(scratch), newest, tmp_path, "postgresql")

    assert (second.irreversible, second.findings) == ("no pages", ())
    assert (third.irreversible, third.findings) == (None, ())
    assert [one.rule for one in fourth.findings] == ["irreversible-without-reason"]


def test_after_a_broken_revision_the_next_ones_are_judged_as_if_it_were_none(
    newest: RunningPostgres, tmp_path: Path
) -> None:
    scratch = with_library(tmp_path / "project", newest)
    scratch.revision("second", executing(MORE), "pass")
    scratch.revision("third", executing("ALTER TABLE books ADD COLUMN x int NOT NULL"), executing("SELECT 1"))
    scratch.revision("fourth", executing("CREATE TABLE extras (id int)"), executing("DROP TABLE extras"))
    scratch.revision("fifth", executing("SELECT 1 / 0"))
    scratch.revision("sixth", executing("SELECT 1"))

    reports = rehearsed(on_postgresql(scratch), newest, tmp_path, "postgresql")

    assert [[one.rule for one in report.findings] for report in reports] == [
        [],
        ["no-op-downgrade"],
        ["upgrade-fails-over-rows"],
        [],
        ["upgrade-fails"],
        [],
    ]
    assert [report.stopped for report in reports] == [False, False, False, False, True, False]
    assert reports[3].rows == 16
