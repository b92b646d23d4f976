"""Queries that no index serves are named, with the columns; those that one serves are not."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, NullPool, create_engine, text

from foundation.testing.query_plans import CapturedStatement, captured_statements, sequential_scans
from schema_tools.errors import SchemaToolsError
from schema_tools.testing.plain_sql import connected

SCHEMA = """
CREATE TABLE authors (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE books (
    id integer PRIMARY KEY, author_id integer NOT NULL REFERENCES authors, title text NOT NULL,
    isbn text NOT NULL UNIQUE, price integer NOT NULL, sold boolean NOT NULL, published date NOT NULL
);
CREATE INDEX books_published ON books (published, id);
CREATE INDEX books_title ON books (title);
CREATE INDEX books_sold ON books (id) WHERE sold;
INSERT INTO authors SELECT n, 'author ' || n FROM generate_series(1, 50) n;
INSERT INTO books
SELECT n, 1 + mod(n, 50), 'title ' || mod(n, 100), 'isbn ' || n, mod(n, 7), mod(n, 500) = 0,
       '2000-01-01'::date + mod(n, 900)
FROM generate_series(1, 3000) n;
ANALYZE;
"""

UNSERVED = {
    "SELECT * FROM books WHERE price = 3": ("books", "price"),
    "SELECT * FROM books WHERE lower(title) = 'a'": ("books", "title"),
    "SELECT * FROM books WHERE lower(title) = 'price' ORDER BY id LIMIT 5": ("books", "title"),
    "SELECT * FROM books WHERE price = 3 ORDER BY id LIMIT 5": ("books", "price"),
    "SELECT * FROM books ORDER BY price, id LIMIT 5": ("books", "price, id"),
    "SELECT id FROM books ORDER BY price LIMIT 5": ("books", "price"),
    "SELECT * FROM books WHERE price > 1 ORDER BY price DESC, id DESC LIMIT 5": ("books", "price, id"),
    "SELECT * FROM books WHERE (price, id) > (3, 7) ORDER BY price, id LIMIT 5": ("books", "price, id"),
    "SELECT name FROM authors a JOIN books b ON author_id = a.id WHERE price = 3 AND a.id = 7": (
        "books",
        "author_id, price",
    ),
    "DELETE FROM books WHERE price = 1": ("books", "price"),
    "SELECT count(*) FROM books": ("books", None),
    "SELECT * FROM books": ("books", None),
}

SERVED = [
    "SELECT * FROM books WHERE id = 3",
    "SELECT * FROM books WHERE isbn = 'isbn 3' AND price > 3",
    "SELECT * FROM books ORDER BY id LIMIT 5",
    "SELECT * FROM books ORDER BY published DESC, id DESC LIMIT 5",
    "SELECT * FROM books WHERE (published, id) < ('2001-01-01', 7) ORDER BY published DESC, id DESC LIMIT 5",
    # Nearly every row was published later, so that the planner would rather walk along the ids.
    "SELECT * FROM books WHERE published > '2000-01-02' ORDER BY id LIMIT 5",
    "SELECT * FROM books WHERE title = 'title 3' ORDER BY id LIMIT 5",
    "SELECT id FROM books WHERE sold",
    "UPDATE books SET price = 1 WHERE sold AND price = 2 AND title <> 'books.isbn'",
    "SELECT * FROM books LIMIT 5",
    "SELECT a.name FROM books b JOIN authors a ON a.id = b.author_id ORDER BY b.id LIMIT 5",
    "INSERT INTO authors VALUES (100, 'author')",
    "SELECT relname FROM pg_class WHERE relpages > 1",
    "SHOW lock_timeout",
]


@pytest.fixture
def shop(empty_postgres_url: str) -> Iterator[Connection]:
    with connected(empty_postgres_url) as connection:
        connection.exec_driver_sql(SCHEMA)
        yield connection


def test_a_query_that_no_index_serves_is_named_with_its_columns_and_the_index(shop: Connection) -> None:
    for sql, (table, columns) in UNSERVED.items():
        found = sequential_scans(shop, [CapturedStatement(sql, ())])

        assert [one.rule for one in found] == ["sequential-scan"], sql
        assert f"all of {table}" in found[0].message
        assert found[0].fix == (f"CREATE INDEX CONCURRENTLY ON {table} ({columns});" if columns else ""), sql
        assert (columns or "LIMIT").split(", ")[0] in found[0].message, sql


def test_the_index_that_is_proposed_serves_the_query(shop: Connection) -> None:
    statements = [CapturedStatement(sql, ()) for sql in UNSERVED if "lower" not in sql and "WHERE" in sql]
    for one in sequential_scans(shop, statements):
        shop.exec_driver_sql(one.fix.replace(" CONCURRENTLY", ""))

    assert sequential_scans(shop, statements) == []


def test_a_query_that_an_index_serves_is_not_named(shop: Connection) -> None:
    for sql in SERVED:
        assert sequential_scans(shop, [CapturedStatement(sql, ())]) == [], sql


def test_statements_are_captured_with_parameters_and_explained_with_them(shop: Connection) -> None:
    by_price = text("SELECT id, title FROM books WHERE price = :price")
    with captured_statements() as captured:
        shop.execute(by_price, {"price": 3})
        shop.execute(by_price, {"price": 4})
        shop.execute(text("UPDATE books SET price = 1 WHERE id = :id"), [{"id": 1}, {"id": 2}])
    shop.execute(by_price, {"price": 5})

    assert [one.parameters for one in captured] == [{"price": 3}, {"price": 4}, {"id": 1}]
    (found,) = sequential_scans(shop, captured)
    assert found.place.startswith("SELECT ... FROM books WHERE price = ")


def test_looking_at_plans_changes_neither_rows_nor_settings(shop: Connection) -> None:
    def state() -> list[Any]:
        return [
            shop.exec_driver_sql("SELECT count(*) FROM books").scalar_one(),
            shop.exec_driver_sql("SHOW enable_seqscan").scalar_one(),
            shop.exec_driver_sql("SHOW enable_indexscan").scalar_one(),
        ]

    before = state()
    sequential_scans(shop, [CapturedStatement(sql, ()) for sql in UNSERVED])

    assert state() == before == [3000, "on", "on"]


def test_another_database_is_refused() -> None:
    with (
        create_engine("sqlite://", poolclass=NullPool).connect() as connection,
        pytest.raises(SchemaToolsError, match="read on PostgreSQL"),
    ):
        sequential_scans(connection, [])
