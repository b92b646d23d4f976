"""`report`: the file that it writes, what is in it, and what it says where something is lacking."""

import base64
import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import URL

import tool_commands
from bookshop.tables import metadata as bookshop
from hostile_texts import HOSTILE, hostile_report, hostile_tables
from rehearsals import executing, on_postgresql
from schema_tools.catalog.reading import read_catalog
from schema_tools.migrations import runner
from schema_tools.migrations.connection import postgresql_engine
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.scratch import Places
from schema_tools.rehearsal.steps import Revisions
from schema_tools.report.cells import cells, shortened
from schema_tools.report.changes import Changes, changes
from schema_tools.report.gathering import gather
from schema_tools.report.page import page
from schema_tools.report.severity import by_rule
from schema_tools.testing.in_process import Done
from schema_tools.testing.plain_sql import connected
from scratch_project import ScratchProject

TESTS = Path(__file__).parent
PROJECT = ("--metadata", "bookshop.tables:metadata", "--config", "bookshop/alembic.ini")


class Parsed(HTMLParser):
    """The tags of a page, their attributes, and its text; that of scripts and styles by itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._in = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = tag

    def handle_endtag(self, _tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in in self.raw:
            self.raw[self._in].append(data)
        else:
            self.text += data

    @property
    def data(self) -> Any:
        return json.loads(self.raw["script"][0])


def test_no_name_and_no_comment_becomes_markup(tmp_path: Path) -> None:
    plain = Parsed(page(hostile_report(sa.MetaData(), tmp_path)).decode())
    parsed = Parsed(page(hostile_report(hostile_tables(), tmp_path)).decode())

    assert [tag for tag, _ in parsed.tags if tag in {"img", "script", "style"}] == ["style", "script", "script"]
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    assert parsed.raw["style"] == plain.raw["style"]
    assert parsed.raw["script"][1:] == plain.raw["script"][1:]
    for text in HOSTILE:
        # As the heading, in the list and in the title of the diagram, at least.
        assert parsed.text.count(text) > 5, text
    assert [one["name"] for one in parsed.data["tables"]] == sorted(HOSTILE)
    assert [name for _, name, _ in parsed.data["objects"]] == list(HOSTILE)


def test_every_link_of_the_page_leads_to_something_in_it(tmp_path: Path) -> None:
    parsed = Parsed(page(hostile_report(hostile_tables(), tmp_path)).decode())
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    links = {str(attributes["href"]) for tag, attributes in parsed.tags if tag == "a"}

    assert len(links) > 3 * len(HOSTILE)
    # What a revision changed is shown by the script.
    shown = {*map(str, ids), *(one["anchor"] for one in parsed.data["steps"])}
    assert {link.removeprefix("#") for link in links} <= shown
    assert len(ids) == len(set(ids))
    assert not [one for one in ids if re.search(r"\s", str(one))]


def test_the_policy_allows_the_style_and_the_script_of_the_page_and_nothing_from_elsewhere(tmp_path: Path) -> None:
    text = page(hostile_report(sa.MetaData(), tmp_path)).decode()
    parsed = Parsed(text)
    policy = next(str(one["content"]) for _, one in parsed.tags if one.get("http-equiv") == "Content-Security-Policy")

    def hashed(code: str) -> str:
        return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()

    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{hashed(parsed.raw['style'][0])}'" in policy
    assert f"script-src 'sha256-{hashed(parsed.raw['script'][1])}'" in policy
    assert "unsafe" not in policy
    assert {str(one.get("href"))[:1] for _, one in parsed.tags if "href" in one} <= {"#", "d"}
    assert not [one for _, one in parsed.tags if "src" in one or "style" in one]


@pytest.mark.parametrize(
    ("text", "width"), [("books", 5), ("日本", 4), ("🙂", 2), ("e\u0301", 1), ("a\u200db", 2), ("", 0)]
)
def test_the_width_of_a_text_is_counted_in_cells(text: str, width: int) -> None:
    assert cells(text) == width


def test_a_long_text_is_cut_to_the_cells_that_it_may_take() -> None:
    assert shortened("a  name\n", 6) == "a name"
    assert shortened("n" * 63, 10) == "n" * 9 + "…"
    assert shortened("日本語のテーブル", 10) == "日本語の…"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the bookshop, as a project of its own."""
    shutil.copytree(TESTS / "bookshop", tmp_path / "bookshop", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def report(directory: Path, *arguments: str) -> tuple[Done, Parsed]:
    """Run the command, which writes `report.html` in the directory."""
    done = tool_commands.tools("report", "-o", "report.html", *PROJECT, *arguments, cwd=directory)
    assert "Traceback" not in done.stderr
    return done, Parsed((directory / "report.html").read_text("utf-8"))


def test_the_report_of_a_project_has_its_tables_its_history_and_no_findings(shop: Path) -> None:
    done, parsed = report(shop)

    assert (done.returncode, done.stdout, done.stderr) == (0, "written: report.html (0 findings)\n", "")
    ids = {str(one.get("id")) for _, one in parsed.tags}
    assert {f"{kind}-{name}" for kind in ("table", "box") for name in bookshop.tables} <= ids
    for expected in (
        "Price with value added tax in euro", "9780306406157", "hardcover, paperback, audio",
        "ck_books_isbn_form", "CREATE INDEX ix_books_author_id", "ON DELETE RESTRICT",
        "20260104_0900_aaaa00000004_add_pen_name_and_sales.py", "add pen name to authors and the view of sales",
        "Checked: lint of the migrations, lint of the tables, verify.", "Nothing was found.",
    ):  # fmt: skip
        assert expected in parsed.text, expected
    assert len(parsed.data["steps"]) == 5


def test_the_same_project_gives_the_same_bytes(shop: Path) -> None:
    report(shop)
    first = (shop / "report.html").read_bytes()
    report(shop)

    assert (shop / "report.html").read_bytes() == first


def test_without_postgresql_the_report_lacks_the_differences_and_says_so(shop: Path) -> None:
    (shop / "empty").mkdir()
    done, parsed = report(shop, "--pg-bindir", "empty")

    sentence = "the differences between revisions and the findings of verify: PG_BINDIR has no initdb and postgres"
    assert done.returncode == 0
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert f"Not in this report: {sentence}" in parsed.text
    assert "Revisions cannot be compared" in parsed.text
    assert parsed.data["steps"] == []
    assert "Checked: lint of the migrations, lint of the tables." in parsed.text


def test_a_file_that_cannot_be_written_is_one_sentence(shop: Path) -> None:
    (shop / "file").touch()
    done = tool_commands.tools("report", "-o", "file/report.html", "--pg-bindir", ".", *PROJECT, cwd=shop)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == "schema_tools: file/report.html cannot be written: File exists"


def test_a_project_without_migrations_that_can_be_read_is_one_sentence(tmp_path: Path) -> None:
    shutil.copytree(TESTS / "bookshop", tmp_path / "bookshop")
    shutil.rmtree(tmp_path / "bookshop" / "alembic")
    done = tool_commands.tools("report", "-o", "report.html", *PROJECT, cwd=tmp_path)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert not (tmp_path / "report.html").exists()


def test_a_database_is_compared_when_it_is_named_and_not_because_of_the_environment(
    shop: Path, empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tool_commands.tools("upgrade", *PROJECT, "--database", empty_postgres_url, cwd=shop).returncode == 0
    with connected(empty_postgres_url) as connection:
        connection.execute(sa.text("ALTER TABLE authors ALTER COLUMN name TYPE varchar(10)"))
    monkeypatch.setenv("DATABASE_URL", empty_postgres_url)

    without = report(shop)
    named, asked = report(shop, "--database", empty_postgres_url), report(shop, "--drift")

    assert "drift" not in without[1].text
    for done, parsed in (named, asked):
        assert done.stdout == "written: report.html (1 finding)\n"
        assert "type: expected character varying(200), found character varying(10)" in parsed.text
        assert "ALTER TABLE authors ALTER COLUMN name TYPE character varying(200)" in parsed.text
        assert "column authors.name" in parsed.text


def test_a_database_that_cannot_be_reached_is_said_in_the_report(shop: Path) -> None:
    done, parsed = report(shop, "--pg-bindir", ".", "--database", "postgresql+psycopg://app:s3cret@127.0.0.1:1/app")

    assert done.returncode == 0
    assert "not in the report: the findings of drift: " in done.stderr
    assert "Not in this report: the findings of drift: " in parsed.text
    assert "s3cret" not in done.stderr + (shop / "report.html").read_text("utf-8")


def test_findings_stand_by_rule_the_worst_first(tmp_path: Path, postgres_server: RunningPostgres) -> None:
    scratch = ScratchProject.made(tmp_path, postgres_server)
    scratch.revision("first", executing("CREATE TABLE notes (id int PRIMARY KEY, body text)"), "op.drop_table('notes')")
    scratch.revision("second", executing("CREATE INDEX notes_body ON notes (body)"))
    scratch.revision(
        "third", executing("ALTER TABLE notes DROP COLUMN body"), executing("ALTER TABLE notes ADD body text")
    )
    metadata = sa.MetaData()
    sa.Table("notes", metadata, sa.Column("id", sa.Integer, primary_key=True))

    found = gather(on_postgresql(scratch, metadata))
    text = Parsed(page(found).decode()).text

    rules = [rule for rule, _ in by_rule(found.findings)]
    assert {"drop-column", "index-not-concurrent", "no-op-downgrade", "head-differs", "missing-comment"} <= set(rules)
    places = [rules.index(one) for one in ("drop-column", "index-not-concurrent", "head-differs", "missing-comment")]
    assert places == sorted(places)
    assert rules.index("no-op-downgrade") < rules.index("index-not-concurrent")
    for one in found.findings:
        assert all(part in text for part in (one.place, one.message, one.why, one.fix))


def folded(found: Changes) -> dict[tuple[str, str, str | None], dict[str, str]]:
    """The catalog after every step, as the script of the page puts it together."""
    catalog: dict[int, dict[str, str]] = {}
    for step in found.steps:
        for number, aspects in step.changed.items():
            if aspects is None:
                del catalog[number]
            else:
                values = {**catalog.get(number, {}), **aspects}
                catalog[number] = {name: value for name, value in values.items() if value is not None}
    return {found.objects[number]: aspects for number, aspects in catalog.items()}


def catalog_at(url: URL) -> dict[tuple[str, str, str | None], dict[str, str]]:
    engine = postgresql_engine(url)
    with engine.connect() as connection:
        found = {(one.kind, one.own_name, one.table): dict(one.aspects) for one in read_catalog(connection).values()}
    engine.dispose()
    return found


def test_the_changes_of_all_revisions_together_are_the_catalog_at_the_head(
    tmp_path: Path, postgres_server: RunningPostgres
) -> None:
    project = SchemaProject(metadata=bookshop, alembic_ini=TESTS / "bookshop" / "alembic.ini")
    url = postgres_server.create_database("report_head")
    try:
        runner.upgrade(project, url)
        found = changes(Revisions(project), "postgresql", Places(postgres_server, tmp_path))
        made = {one: aspects for one, aspects in catalog_at(url).items() if one != ("extension", "plpgsql", None)}
        assert folded(found) == made
    finally:
        postgres_server.drop_database("report_head")
    assert found.stopped == ""
    assert [one.revision for one in found.steps] == [f"aaaa0000000{number}" for number in range(1, 6)]
    assert found.steps[-1].counts == {"added": 1, "changed": 0, "removed": 0}


def test_what_a_revision_adds_changes_and_removes_is_counted_and_where_it_fails_the_history_ends(
    tmp_path: Path, postgres_server: RunningPostgres
) -> None:
    scratch = ScratchProject.made(tmp_path, postgres_server)
    scratch.revision("first", executing("CREATE TABLE notes (id int PRIMARY KEY, body text, author text)"))
    scratch.revision(
        "second",
        executing(
            "ALTER TABLE notes ADD rating int, DROP author, ALTER body TYPE varchar(10)",
            "CREATE TABLE tags (id int PRIMARY KEY)",
        ),
    )
    scratch.revision("third", executing("DROP TABLE tags", "COMMENT ON TABLE notes IS 'Notes.'"))
    scratch.revision("fourth", executing("DROP TABLE nothing"))
    found = changes(Revisions(on_postgresql(scratch)), "postgresql", Places(postgres_server, tmp_path))

    assert [(one.revision, one.counts) for one in found.steps] == [
        ("first", {"added": 1, "changed": 0, "removed": 0}),
        ("second", {"added": 2, "changed": 1, "removed": 1}),
        ("third", {"added": 0, "changed": 1, "removed": 1}),
    ]
    assert ("column", "rating", "notes") in found.objects
    assert 'table "nothing" does not exist' in found.stopped
    lacking = gather(on_postgresql(scratch)).lacking
    assert [one for one in lacking if one.startswith("the differences between revisions from here on: ")] != []
