"""Rows are found for tables of every type and every kind of constraint, and what cannot be filled is named."""

import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from bookshop.tables import metadata as bookshop
from schema_tools.migrations import runner
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.clues import matching
from schema_tools.rehearsal.examples import examples_of
from schema_tools.rehearsal.rows import Unfilled, fill
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers

NASTY = Path(__file__).with_name("every_constraint.sql").read_text(encoding="utf-8")

# What the keys allow: three labels, and one row.
FEWER = {"enum_key": 3, "singleton": 1}


def run(url: str, script: str) -> None:
    with connected(url) as connection:
        connection.exec_driver_sql(script.replace("%", "%%"))


def column(url: str, query: str) -> list[Any]:
    with connected(url) as connection:
        return list(connection.execute(text(query)).scalars())


def test_every_type_and_every_constraint_is_satisfied(empty_postgres_url: str) -> None:
    run(empty_postgres_url, NASTY)

    with connected(empty_postgres_url) as connection:
        first = fill(connection, 8)
    with connected(empty_postgres_url) as connection:
        second = fill(connection, 8)

    # Two tables that refer to each other get rows in two turns, so that the later ones do refer.
    assert {**first.rows, "chicken": 8} == {name: FEWER.get(name, 8) for name in first.rows}
    assert {name for name, count in second.rows.items() if not count} == set(FEWER)
    assert [*first.unfilled, *second.unfilled] == []
    assert len(first.rows) == 23


def test_names_of_our_own_queries_and_every_check_of_a_domain_are_minded(postgres_servers: PostgresServers) -> None:
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        run(
            url,
            """
            CREATE DOMAIN small AS integer CHECK (VALUE > 40) CHECK (VALUE < 60);
            CREATE TABLE seats (id integer PRIMARY KEY, position integer NOT NULL CHECK (position > 0), size small);
            """,
        )
        with connected(url) as connection:
            filled = fill(connection, 8)

        assert (filled.rows, filled.unfilled) == ({"seats": 8}, [])
        assert min(column(url, "SELECT position FROM seats")) > 0
        assert {one for one in column(url, "SELECT size FROM seats") if one is not None}


def test_rows_vary(postgres_servers: PostgresServers) -> None:
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        run(url, NASTY)
        with connected(url) as connection:
            fill(connection, 16)

        texts = column(url, "SELECT i FROM every_type")
        assert max(map(len, texts)) == 1000
        assert "" in texts
        assert any(not one.isascii() for one in texts)
        numbers = column(url, "SELECT b FROM every_type")
        assert {2**31 - 1, -(2**31), 0} <= set(numbers)
        assert None in column(url, "SELECT a FROM every_type")
        assert set(column(url, "SELECT ag::text FROM every_type")) == {"sad", "ok", "happy"}
        assert {None, 1} <= {one if one is None else 1 for one in column(url, "SELECT parent FROM tree")}
        assert any(column(url, "SELECT egg_id FROM chicken"))
        assert len(set(column(url, "SELECT country FROM checks"))) == 2
        assert set(column(url, "SELECT num_nonnulls(a, b, c) FROM checks")) == {1}
        assert all(re.fullmatch(r"[A-Z]{2}-\d{4}(-x)?", one) for one in column(url, "SELECT code FROM checks"))


def test_the_same_database_gets_the_same_rows(postgres_servers: PostgresServers) -> None:
    found = []
    for _ in range(2):
        with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
            run(url, NASTY)
            with connected(url) as connection:
                fill(connection, 5)
            found.append(column(url, "SELECT e::text FROM every_type AS e UNION ALL SELECT c::text FROM checks AS c"))

    assert found[0] == found[1]


def test_counters_go_on_behind_rows_that_had_to_be_numbered(postgres_servers: PostgresServers) -> None:
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        run(url, NASTY)
        with connected(url) as connection:
            fill(connection, 3)
            # Would fail if the identity gave out a number that is taken.
            connection.exec_driver_sql("INSERT INTO chicken (name) VALUES ('later')")
            connection.exec_driver_sql("INSERT INTO tenants DEFAULT VALUES")

        assert len(column(url, "SELECT id FROM hen")) == 3


IMPOSSIBLE = """
CREATE TABLE torn (a int NOT NULL, b text, CONSTRAINT never CHECK (a < 0 AND a > 0));
CREATE TABLE orphans (torn int NOT NULL, CONSTRAINT no_parent FOREIGN KEY (torn) REFERENCES parents (id));
CREATE TABLE guarded (a int);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not today''; END';
CREATE TRIGGER guard BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TABLE fine (a int NOT NULL);
"""


def test_a_table_that_cannot_be_filled_is_named_with_what_stood_in_the_way(
    postgres_servers: PostgresServers,
) -> None:
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        run(url, "CREATE TABLE parents (id int PRIMARY KEY CHECK (id <> id));" + IMPOSSIBLE)
        with connected(url) as connection:
            filled = fill(connection, 4)

    assert filled.rows == {"fine": 4, "guarded": 0, "orphans": 0, "parents": 0, "torn": 0}
    assert sorted(filled.unfilled, key=lambda one: one.table) == [
        Unfilled(table="guarded", reason="not today"),
        Unfilled(table="orphans", reason="no_parent: parents has no row to refer to"),
        Unfilled(table="parents", reason="parents_id_check: no values were found for id"),
        Unfilled(table="torn", reason="never: no values were found for a"),
    ]


def test_an_example_helps_where_nothing_can_be_guessed(postgres_servers: PostgresServers) -> None:
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        # The first characters of the digest of "d9c7dee5", which no other guess has.
        digest = column(url, "SELECT left(md5('d9c7dee5'), 9)")[0]
        check = f"CHECK (left(md5(code), 9) = '{digest}')"
        run(url, f"CREATE TABLE riddles (id int PRIMARY KEY, code text NOT NULL {check})")
        with connected(url) as connection:
            guessed = fill(connection, 2)
            wrong = fill(connection, 2, examples={"riddles": {"code": "moon"}})
            right = fill(connection, 2, examples={"riddles": {"code": "d9c7dee5"}})

    assert [one.table for one in (*guessed.unfilled, *wrong.unfilled)] == ["riddles", "riddles"]
    assert right.rows == {"riddles": 2}


def test_the_examples_of_the_mapping_are_the_first_row(postgres_servers: PostgresServers) -> None:
    project = SchemaProject(metadata=bookshop, alembic_ini=Path(__file__).parent / "bookshop" / "alembic.ini")
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        runner.upgrade(project, url)
        with connected(url) as connection:
            filled = fill(connection, 3, examples=examples_of(bookshop))

        assert filled.unfilled == []
        assert column(url, "SELECT isbn FROM books ORDER BY id LIMIT 1") == ["9780306406157"]
        assert column(url, "SELECT details FROM books ORDER BY id LIMIT 1") == [{"pages": 200}]
        assert column(url, "SELECT tags FROM books ORDER BY id LIMIT 1") == [["new"]]


def test_a_plan_has_thousands_of_rows_soon(postgres_servers: PostgresServers) -> None:
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        run(url, NASTY)
        tables = ("checks", "every_type", "parents", "children", "one_to_one", "bookings", "tree")
        with connected(url) as connection:
            filled = fill(connection, 1000, tables=tables)

    assert filled.rows == dict.fromkeys(filled.rows, 1000)
    assert set(filled.rows) == set(tables)


ON_SQLITE = """
CREATE TABLE parents (id INTEGER PRIMARY KEY AUTOINCREMENT, code VARCHAR(4) NOT NULL UNIQUE);
CREATE TABLE children (
  a INTEGER NOT NULL, b VARCHAR(9) NOT NULL, parent_id INTEGER NOT NULL REFERENCES parents, PRIMARY KEY (a, b)
);
CREATE TABLE many (
  id INTEGER PRIMARY KEY, big BIGINT, price NUMERIC(6, 2) NOT NULL CHECK (price > 10),
  done BOOLEAN NOT NULL CHECK (done IN (0, 1)), at DATETIME NOT NULL, day DATE, doc JSON NOT NULL, raw BLOB,
  kind VARCHAR(9) NOT NULL CONSTRAINT kinds CHECK (kind IN ('one', 'two')), name TEXT COLLATE NOCASE UNIQUE,
  a REAL, double_price NUMERIC GENERATED ALWAYS AS (price * 2), self_id INTEGER REFERENCES many,
  CHECK (length(name) BETWEEN 2 AND 30)
);
CREATE TABLE torn (a INTEGER NOT NULL CONSTRAINT never CHECK (a < 0 AND a > 0));
"""


def test_sqlite_is_filled_as_well(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/nasty.db"
    with connected(url) as connection:
        for statement in ON_SQLITE.split(";"):
            connection.exec_driver_sql(statement)
        filled = fill(connection, 8)

    assert filled.rows == {"parents": 8, "children": 8, "many": 8, "torn": 0}
    assert filled.unfilled == [Unfilled(table="torn", reason="never: no values were found for a")]
    with connected(url) as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        types = connection.exec_driver_sql("SELECT typeof(done), typeof(at), typeof(price) FROM many").first()
    assert types is not None
    assert types[:2] == ("integer", "text")
    assert types[2] in {"integer", "real"}


@pytest.mark.parametrize(
    "pattern",
    [
        "^97[89][0-9]{10}$", r"^\+[1-9]\d{6,14}$", "^[[:alpha:]_][[:alnum:]_]*$", r"^(a|b{2,}|c+?)(?:d|e)?$",
        r"^[^a-z\s]{3}$", r"^\d{4}-\d{2}$", "^a.c$", r"^(?P<year>\d\d)[-/]x\.\w$", "^[]a]+$", r"^\x41\u0042$", "a{0}b",
    ],
)  # fmt: skip
def test_strings_are_made_that_match_a_pattern(pattern: str) -> None:
    readable = pattern.replace("[:alpha:]", "a-zA-Z").replace("[:alnum:]", "a-zA-Z0-9")

    found = matching(pattern, Random(1), 20)  # noqa: S311 -- not for secrets

    assert found
    assert all(re.search(readable, one) for one in found)


@pytest.mark.parametrize("pattern", ["a)", "(a", "[a", "a\\", "(?"])
def test_a_pattern_that_cannot_be_read_gives_nothing(pattern: str) -> None:
    assert matching(pattern, Random(1), 5) == []  # noqa: S311 -- not for secrets
