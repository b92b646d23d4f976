"""`drift`: the mapping against a live database, without a false alarm, and nothing left behind."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import Column, Enum, ForeignKey, Identity, Integer, MetaData, Sequence, Table, Text, make_url, text
from sqlalchemy.dialects.postgresql import ENUM
from typer.testing import CliRunner

from bookshop.tables import metadata as shop
from drifts.club import club
from drifts.mutations import run
from measure_drift import many_tables
from schema_tools.catalog.comparing import differences
from schema_tools.catalog.drift import drift
from schema_tools.catalog.mapped import make_mapped
from schema_tools.catalog.reading import read_catalog
from schema_tools.cli.application import application
from schema_tools.cli.context import CommandContext
from schema_tools.errors import SchemaToolsError
from schema_tools.migrations import runner
from schema_tools.project import SchemaProject
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers

TESTS = Path(__file__).parent
SECRET = "secret-word"
BOOKSHOP = SchemaProject(metadata=shop, alembic_ini=TESTS / "bookshop" / "alembic.ini")


@pytest.fixture
def url(postgres_servers: PostgresServers) -> Iterator[str]:
    """The URL of an empty database on the newest server."""
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        yield url


def unmigrated(tmp_path: Path, metadata: MetaData) -> SchemaProject:
    """A project without migrations."""
    (tmp_path / "alembic" / "versions").mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/alembic\n")
    return SchemaProject(metadata=metadata, alembic_ini=tmp_path / "alembic.ini")


def test_a_migrated_database_is_what_the_mapping_says_also_after_down_and_up(
    empty_postgres_url: str,
) -> None:
    runner.upgrade(BOOKSHOP, empty_postgres_url)
    assert drift(BOOKSHOP, empty_postgres_url) == []

    runner.downgrade(BOOKSHOP, empty_postgres_url, "base")
    runner.upgrade(BOOKSHOP, empty_postgres_url)
    assert drift(BOOKSHOP, empty_postgres_url) == []


def test_every_object_that_is_read_comes_out_of_the_mapping_again(tmp_path: Path, empty_postgres_url: str) -> None:
    with connected(empty_postgres_url) as connection:
        make_mapped(connection, club)

    assert drift(unmigrated(tmp_path, club), empty_postgres_url) == []


@pytest.mark.parametrize("metadata", [shop, club], ids=["shop", "club"])
def test_the_fixes_make_a_whole_schema_and_drop_it_again(metadata: MetaData, empty_postgres_url: str) -> None:
    with connected(empty_postgres_url) as connection:
        nothing = read_catalog(connection)
        with connection.begin_nested() as made:
            make_mapped(connection, metadata)
            everything = read_catalog(connection)
            made.rollback()

        run(connection, "\n".join(one.fix for one in differences(everything, nothing)))
        assert differences(everything, read_catalog(connection)) == []

        run(connection, "\n".join(one.fix for one in differences(nothing, everything)))
        assert differences(nothing, read_catalog(connection)) == []


ODDITIES = """
CREATE TYPE "odd.mood" AS ENUM ('it''s', 'b"c');
CREATE DOMAIN whole AS integer CHECK (VALUE > 0);
CREATE DOMAIN small_whole AS whole DEFAULT 1 NOT NULL CHECK (VALUE < 100);
CREATE TYPE pair AS (id integer, name text);
CREATE FUNCTION "Half Of"(number integer, by integer DEFAULT 2) RETURNS integer LANGUAGE sql IMMUTABLE
AS 'SELECT number / by';
CREATE TABLE "My.Table" (
  "Id" serial CONSTRAINT "The Key" PRIMARY KEY, "select" "odd.mood"[] DEFAULT '{}', w small_whole,
  half integer GENERATED ALWAYS AS ("Half Of"(w)) STORED, u integer NOT NULL,
  at timestamptz DEFAULT '2025-01-01 00:00Z',
  CONSTRAINT "only one; really" UNIQUE NULLS NOT DISTINCT (u)
);
COMMENT ON COLUMN "My.Table"."Id" IS 'it''s; a "key"';
CREATE UNIQUE INDEX "by half" ON "My.Table" (u, ("Half Of"(u))) INCLUDE (w) WITH (fillfactor = 50) WHERE u > 1;
CREATE UNIQUE INDEX by_u ON "My.Table" (u);
ALTER TABLE "My.Table" REPLICA IDENTITY USING INDEX by_u;
ALTER TABLE "My.Table" CLUSTER ON by_u;
CREATE TABLE chicken (id integer PRIMARY KEY, egg_id integer);
CREATE TABLE egg (id integer PRIMARY KEY, chicken_id integer REFERENCES chicken DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE chicken ADD FOREIGN KEY (egg_id) REFERENCES egg;
CREATE TABLE typed OF pair (PRIMARY KEY (id));
CREATE TABLE parent (id integer CHECK (id > 0), name text COLLATE "C");
CREATE TABLE child (extra text) INHERITS (parent);
CREATE TABLE parts (id integer, day date, PRIMARY KEY (id, day)) PARTITION BY LIST (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1) PARTITION BY RANGE (day);
CREATE TABLE parts_1_all PARTITION OF parts_1 DEFAULT;
CREATE INDEX parts_day ON parts (day);
CREATE INDEX parts_own ON parts_1_all (day, id);
CREATE VIEW looked AS SELECT p.id, "Half Of"(p.id) AS half FROM parts p;
CREATE MATERIALIZED VIEW kept AS SELECT half FROM looked WITH NO DATA;
CREATE FUNCTION of_row("My.Table") RETURNS integer LANGUAGE sql AS 'SELECT $1.u';
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER instead INSTEAD OF INSERT ON looked FOR EACH ROW EXECUTE FUNCTION nothing();
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON chicken DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION nothing();
CREATE TRIGGER on_parts AFTER INSERT ON parts FOR EACH ROW EXECUTE FUNCTION nothing();
ALTER TABLE chicken DISABLE TRIGGER late;
CREATE STATISTICS expressed ON (u + 1), w FROM "My.Table";
ALTER STATISTICS expressed SET STATISTICS 0;
CREATE POLICY "a policy" ON parent AS RESTRICTIVE FOR UPDATE USING (name = current_user) WITH CHECK (id > 1);
"""


def test_odd_objects_are_made_and_dropped_by_their_fixes(empty_postgres_url: str) -> None:
    with connected(empty_postgres_url) as connection:
        nothing = read_catalog(connection)
        with connection.begin_nested() as made:
            run(connection, ODDITIES)
            everything = read_catalog(connection)
            made.rollback()

        missing = differences(everything, nothing)
        run(connection, "\n".join(one.fix for one in missing))
        assert differences(everything, read_catalog(connection)) == []

        run(connection, "\n".join(one.fix for one in differences(nothing, everything)))
        assert differences(nothing, read_catalog(connection)) == []
    assert [one.object for one in missing if '"My.Table"' in one.object] == [
        'table "My.Table"',
        'function of_row("My.Table")',
    ]
    assert not any(one.object.startswith(("index", "trigger", "column")) for one in missing)


def test_nothing_is_left_behind_and_no_text_names_the_scratch_schema(empty_postgres_url: str) -> None:
    def schemas() -> list[str]:
        with connected(empty_postgres_url) as connection:
            return list(connection.execute(text("SELECT nspname FROM pg_namespace ORDER BY 1")).scalars())

    before = schemas()
    found = drift(BOOKSHOP, empty_postgres_url)

    assert schemas() == before
    assert len(found) > 10
    assert "drift_" not in json.dumps([one.as_document() for one in found])
    assert "public." not in json.dumps([one.as_document() for one in found])


def test_pending_migrations_are_said_first(empty_postgres_url: str) -> None:
    runner.upgrade(BOOKSHOP, empty_postgres_url, "aaaa00000004")

    first, second = drift(BOOKSHOP, empty_postgres_url)

    assert (first.object, first.expected, first.found) == ("migrations", "aaaa00000005", "aaaa00000004")
    assert "aaaa00000005: index the titles of published books" in first.fix
    assert (second.object, second.aspect) == ("index books.ix_books_title_published", "existence")


def test_a_revision_of_a_newer_release_is_said_first(url: str) -> None:
    runner.upgrade(BOOKSHOP, url)
    with connected(url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'ffff00000099'"))

    (found,) = drift(BOOKSHOP, url)

    assert (found.object, found.found) == ("migrations", "ffff00000099")
    assert "This release does not have the revision" in found.fix


def test_an_extra_extension_and_its_objects_are_no_difference(url: str) -> None:
    runner.upgrade(BOOKSHOP, url)
    with connected(url) as connection:
        connection.execute(text("CREATE EXTENSION btree_gist"))

    assert drift(BOOKSHOP, url) == []


def test_a_role_that_may_not_create_a_schema_is_told_what_to_grant(url: str) -> None:
    runner.upgrade(BOOKSHOP, url)
    reader = make_url(url).set(username="drift_reader", password=SECRET)
    with connected(url) as connection:
        connection.execute(text(f"CREATE ROLE drift_reader LOGIN PASSWORD '{SECRET}'"))
    try:
        with pytest.raises(SchemaToolsError, match=r"GRANT CREATE ON DATABASE test_\w+ TO drift_reader") as refused:
            drift(BOOKSHOP, reader)
        assert SECRET not in str(refused.value)
        with connected(url) as connection:
            connection.execute(text(f"GRANT CREATE ON DATABASE {make_url(url).database} TO drift_reader"))
            connection.execute(text("GRANT SELECT ON alembic_version TO drift_reader"))
        assert drift(BOOKSHOP, reader) == []
    finally:
        with connected(url) as connection:
            connection.execute(text("DROP OWNED BY drift_reader"))
            connection.execute(text("DROP ROLE drift_reader"))


def test_a_read_only_database_is_refused_with_a_sentence(url: str) -> None:
    with connected(url) as connection:
        connection.execute(text(f"ALTER DATABASE {make_url(url).database} SET default_transaction_read_only = on"))

    with pytest.raises(SchemaToolsError, match="run this against the primary"):
        drift(BOOKSHOP, url)


def test_a_mapping_may_name_one_schema(tmp_path: Path, url: str) -> None:
    metadata = MetaData(schema="shelf")
    numbers = Sequence("numbers", metadata=metadata, schema="shelf")
    Table("boxes", metadata, Column("id", Integer, numbers, server_default=numbers.next_value(), primary_key=True))
    Table(
        "things",
        metadata,
        Column("id", Integer, Identity(), primary_key=True),
        Column("box_id", ForeignKey("shelf.boxes.id"), index=True),
        Column("state", Enum("new", "old", name="state", schema="shelf")),
    )
    project = unmigrated(tmp_path, metadata)
    with pytest.raises(SchemaToolsError, match="does not have the schema shelf"):
        drift(project, url)
    with connected(url) as connection:
        connection.execute(text("CREATE SCHEMA shelf"))
        metadata.create_all(connection)
        connection.execute(text("CREATE TABLE of_another_application (id integer)"))
    assert drift(project, url) == []

    Table("strays", metadata, Column("id", Integer, primary_key=True), schema="elsewhere")
    with pytest.raises(SchemaToolsError, match="does not have the schema elsewhere"):
        drift(project, url)


def test_a_type_that_only_the_migrations_make_is_compared_too(tmp_path: Path, url: str) -> None:
    def with_moods(*moods: str) -> MetaData:
        metadata = MetaData()
        for name in ("days", "nights"):
            Table(
                name,
                metadata,
                Column("id", Integer, primary_key=True),
                Column("mood", ENUM(*moods, name="mood", create_type=False)),
                Column("weather", Enum("sun", "rain", name="weather")),
                Column("note", Text),
            )
        return metadata

    project = unmigrated(tmp_path, with_moods("good", "bad"))
    with connected(url) as connection:
        connection.execute(text("CREATE TYPE mood AS ENUM ('good', 'bad')"))
        project.metadata.create_all(connection)

    assert drift(project, url) == []
    (found,) = drift(replace(project, metadata=with_moods("good", "fair", "bad")), url)
    assert (found.object, found.found) == ("enum mood", "'good', 'bad'")
    assert found.fix == "ALTER TYPE mood ADD VALUE 'fair' AFTER 'good';"


def test_a_mapping_that_cannot_be_made_is_one_sentence(tmp_path: Path, url: str) -> None:
    metadata = MetaData()
    Table("days", metadata, Column("id", Integer, primary_key=True, server_default=text("no_such_function()")))

    with pytest.raises(SchemaToolsError, match="no_such_function") as refused:
        drift(unmigrated(tmp_path, metadata), url)
    assert "\n" not in str(refused.value)


def test_two_hundred_tables_are_compared(tmp_path: Path, url: str) -> None:
    metadata = many_tables(200)
    with connected(url) as connection:
        make_mapped(connection, metadata)
        connection.execute(text("DROP INDEX ix_t199_parent_id"))

    (found,) = drift(unmigrated(tmp_path, metadata), url)

    assert found.object == "index t199.ix_t199_parent_id"


@pytest.fixture
def command(url: str) -> typer.Typer:
    said: list[str] = []
    return application(CommandContext(project=lambda: BOOKSHOP, database_url=lambda: url, say_error=said.append))


def test_the_command_shows_each_difference_and_leaves_with_1(command: typer.Typer, url: str) -> None:
    runner.upgrade(BOOKSHOP, url)
    clean = CliRunner().invoke(command, ["drift"])
    assert (clean.exit_code, clean.output) == (0, "clean: the database is what the tables say\n")
    with connected(url) as connection:
        connection.execute(text("ALTER TABLE books DISABLE TRIGGER books_touch"))
        connection.execute(text("ALTER TABLE authors ALTER COLUMN name TYPE text"))

    shown = CliRunner().invoke(command, ["drift"])
    as_json = CliRunner().invoke(command, ["drift", "--format", "json"])

    assert (shown.exit_code, as_json.exit_code) == (1, 1)
    assert shown.output.splitlines() == [
        "column authors.name  type",
        "  expected  character varying(200)",
        "  found     text",
        "  fix       ALTER TABLE authors ALTER COLUMN name TYPE character varying(200);",
        "",
        "trigger books.books_touch  enabled",
        "  expected  yes",
        "  found     no",
        "  fix       ALTER TABLE books ENABLE TRIGGER books_touch;",
        "",
        "2 differences",
    ]
    parsed: list[dict[str, Any]] = json.loads(as_json.output)["differences"]
    assert [(one["object"], one["aspect"]) for one in parsed] == [
        ("column authors.name", "type"),
        ("trigger books.books_touch", "enabled"),
    ]


def test_what_is_there_on_one_side_only_is_shown_as_none(command: typer.Typer, url: str) -> None:
    runner.upgrade(BOOKSHOP, url)
    with connected(url) as connection:
        connection.execute(text("ALTER TABLE authors ADD COLUMN born date"))

    shown = CliRunner().invoke(command, ["drift"]).output.splitlines()

    assert shown[1:5] == [
        "  expected  (none)",
        "  found     date",
        "  fix       -- To keep it, add it to the tables of the mapping. To drop it:",
        "            -- ALTER TABLE authors DROP COLUMN born;",
    ]


def test_a_database_that_cannot_be_reached_is_status_2() -> None:
    said: list[str] = []
    nowhere = f"postgresql://nobody:{SECRET}@127.0.0.1:1/nothing"
    command = application(CommandContext(project=lambda: BOOKSHOP, database_url=lambda: nowhere, say_error=said.append))

    assert CliRunner().invoke(command, ["drift"]).exit_code == 2
    assert "Connection refused" in said[0]
    assert SECRET not in said[0]
