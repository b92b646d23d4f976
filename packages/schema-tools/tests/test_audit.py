"""The audit names each condition that was made by hand in a live database, and nothing in an untouched one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import IntegrityError

from bookshop.tables import metadata
from schema_tools.audit import thresholds
from schema_tools.audit.live import audit
from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding
from schema_tools.rehearsal.scratch import engine_of
from schema_tools.testing.plain_sql import connected

IN_A_WEEK = timedelta(days=8)


class Condition(NamedTuple):
    """What is wrong, the place that the finding names, and what makes it."""

    rule: str
    place: str
    made_by: tuple[str, ...]


CONDITIONS = [
    Condition("duplicate-index", "index books_isbn_again on books", ("CREATE INDEX books_isbn_again ON books (isbn)",)),
    Condition(
        "duplicate-index",
        "index a_title on books",
        ("CREATE INDEX a_title ON books (title) WHERE published IS NOT NULL",),
    ),
    Condition(
        "redundant-index",
        "index lines_of_order on order_lines",
        ("CREATE INDEX lines_of_order ON order_lines (order_id)",),
    ),
    Condition(
        "foreign-key-without-index",
        "foreign key fk_books_category_id_categories on books",
        ("DROP INDEX ix_books_category_id",),
    ),
    Condition("sequence-exhaustion", "sequence authors_id_seq", ("SELECT setval('authors_id_seq', 2000000000)",)),
    Condition(
        "sequence-exhaustion",
        "sequence wide",
        (
            "CREATE SEQUENCE wide",
            "CREATE TABLE narrow (id smallint PRIMARY KEY DEFAULT nextval('wide'))",
            "SELECT setval('wide', 30000)",
        ),
    ),
    Condition(
        "sequence-exhaustion",
        "sequence tickets",
        ("CREATE SEQUENCE tickets MAXVALUE 100", "SELECT setval('tickets', 90)"),
    ),
    Condition(
        "sequence-exhaustion",
        "sequence countdown",
        ("CREATE SEQUENCE countdown INCREMENT -1 MINVALUE -100", "SELECT setval('countdown', -90)"),
    ),
    Condition(
        "key-exhaustion",
        "column rooms.number",
        ("CREATE TABLE rooms (number smallint PRIMARY KEY)", "INSERT INTO rooms VALUES (32000)"),
    ),
    Condition(
        "constraint-not-valid",
        "constraint titled on books",
        ("ALTER TABLE books ADD CONSTRAINT titled CHECK (title <> '') NOT VALID",),
    ),
    Condition(
        "trigger-disabled",
        "trigger books_touch on books",
        ("ALTER TABLE books DISABLE TRIGGER books_touch",),
    ),
    Condition(
        "trigger-disabled",
        "foreign key fk_book_prices_book_id_books on book_prices",
        ("ALTER TABLE book_prices DISABLE TRIGGER ALL",),
    ),
    Condition("no-primary-key", 'table "Odd notes"', ('CREATE TABLE "Odd notes" (note text)',)),
    Condition("unlogged-table", "table carts", ("CREATE UNLOGGED TABLE carts (id integer PRIMARY KEY)",)),
    Condition(
        "no-replica-identity",
        "table told",
        (
            "CREATE TABLE told (id integer PRIMARY KEY)",
            "ALTER TABLE told REPLICA IDENTITY NOTHING",
            "CREATE PUBLICATION news FOR TABLE told",
        ),
    ),
    Condition("updated-at-without-trigger", "column orders.updated_at", ("DROP TRIGGER orders_touch ON orders",)),
    Condition(
        "never-analysed",
        "table log",
        (
            "CREATE TABLE log (id bigint PRIMARY KEY) WITH (autovacuum_enabled = off)",
            "INSERT INTO log SELECT generate_series(1, 1200)",
            "SELECT pg_stat_force_next_flush()",
        ),
    ),
]


@pytest.fixture
def bookshop_url(empty_postgres_url: str) -> str:
    with connected(empty_postgres_url) as connection:
        metadata.create_all(connection)
    return empty_postgres_url


def run(url: str, *statements: str) -> None:
    """Run each statement in a transaction of its own, as `psql` would."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def marks(findings: list[Finding]) -> set[tuple[str, str]]:
    return {(one.rule, one.place) for one in findings}


def test_an_untouched_database_is_clean(bookshop_url: str) -> None:
    found = audit(bookshop_url, now=datetime.now(UTC) + IN_A_WEEK)

    assert found.findings == []
    assert found.unseen == []


def test_each_condition_is_named_with_its_place_and_its_statement_fixes_it(bookshop_url: str) -> None:
    for condition in CONDITIONS:
        run(bookshop_url, *condition.made_by)

    found = audit(bookshop_url).findings

    assert marks(found) == {(one.rule, one.place) for one in CONDITIONS}
    assert all(one.message and one.why and one.fix for one in found)
    # A key that is widened is as wide in the columns that refer to it: the fix says so and leaves them to a person.
    run(bookshop_url, *(one.fix for one in found))
    assert audit(bookshop_url).findings == []


def test_partitions_are_judged_once_and_names_are_as_sql_has_them(bookshop_url: str) -> None:
    run(
        bookshop_url,
        'CREATE SCHEMA "Far"',
        'CREATE TABLE "Far".visits (id bigint, day date, book_id integer REFERENCES books,'
        " PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
        *(
            f'CREATE TABLE "Far".visits_{year} PARTITION OF "Far".visits'
            f" FOR VALUES FROM ('{year}-01-01') TO ('{year + 1}-01-01')"
            for year in (2024, 2025)
        ),
        'CREATE INDEX visits_id ON "Far".visits (id)',
    )

    found = audit(bookshop_url).findings

    assert marks(found) == {
        ("redundant-index", 'index "Far".visits_id on "Far".visits'),
        ("foreign-key-without-index", 'foreign key visits_book_id_fkey on "Far".visits'),
    }
    run(bookshop_url, *(one.fix for one in found))
    assert audit(bookshop_url).findings == []


def test_the_message_of_a_sequence_says_what_its_column_can_hold(bookshop_url: str) -> None:
    run(bookshop_url, "ALTER SEQUENCE authors_id_seq AS bigint", "SELECT setval('authors_id_seq', 2000000000)")

    (found,) = audit(bookshop_url).findings

    assert found.message == (
        "it has used 93.1% of what the column's type, integer, can hold: 2,000,000,000 of 2,147,483,647, for authors.id"
    )
    assert "ALTER TABLE authors ALTER COLUMN id TYPE bigint;" in found.fix


def test_an_index_whose_concurrent_build_failed_is_invalid(bookshop_url: str) -> None:
    run(bookshop_url, "INSERT INTO authors (name) VALUES ('Jane Doe'), ('Jane Doe')")
    with engine_of(make_url(bookshop_url)).connect() as connection, pytest.raises(IntegrityError):
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(
            text("CREATE UNIQUE INDEX CONCURRENTLY one_name ON authors (name)")
        )

    (found,) = audit(bookshop_url).findings

    assert (found.rule, found.place) == ("invalid-index", "index one_name on authors")
    assert found.fix == "REINDEX INDEX CONCURRENTLY one_name;"
    run(bookshop_url, "DELETE FROM authors WHERE id = 1", found.fix)
    assert audit(bookshop_url).findings == []


def test_an_unused_index_is_named_when_its_use_was_counted_for_a_week(
    bookshop_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thresholds, "UNUSED_INDEX_BYTES", 16384)
    run(
        bookshop_url,
        "SELECT pg_stat_reset()",
        "INSERT INTO authors (name) SELECT 'author ' || n FROM generate_series(1, 900) n",
        "CREATE INDEX authors_name ON authors (name)",
        "ANALYZE authors",
    )

    today, later = (audit(bookshop_url, now=datetime.now(UTC) + age) for age in (timedelta(), IN_A_WEEK))

    assert today.findings == []
    assert "which indexes are unused" in today.unseen[0]
    assert marks(later.findings) == {("unused-index", "index authors_name on authors")}
    assert f"since {datetime.now(UTC):%Y-%m-}" in later.findings[0].message


def test_dead_rows_that_nobody_vacuumed_are_an_estimate_of_bloat(bookshop_url: str) -> None:
    run(
        bookshop_url,
        "CREATE TABLE events (id bigint PRIMARY KEY, body text NOT NULL) WITH (autovacuum_enabled = off)",
        "INSERT INTO events SELECT n, repeat('x', 1000) FROM generate_series(1, 11000) n",
        "SELECT pg_stat_force_next_flush()",
        "ANALYZE events",
        "DELETE FROM events WHERE id % 2 = 0",
        "SELECT pg_stat_force_next_flush()",
    )

    (found,) = audit(bookshop_url).findings

    assert (found.rule, found.place) == ("bloat", "table events")
    assert found.message.startswith("an estimated 50% of its rows are dead (5,500 of 11,000, in 12 MB)")
    assert found.message.endswith("last vacuum: never")
    run(bookshop_url, found.fix, "SELECT pg_stat_force_next_flush()")
    assert audit(bookshop_url).findings == []


def test_old_transaction_ids_are_named(bookshop_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run(bookshop_url, *["SELECT txid_current()"] * 60, "VACUUM (FREEZE) books")
    monkeypatch.setattr(thresholds, "TRANSACTION_AGE", 50)

    found = audit(bookshop_url).findings

    assert {one.rule for one in found} == {"transaction-id-age"}
    assert {one.place for one in found} == {f"table {name}" for name in metadata.tables if name != "books"}


@pytest.fixture
def visitor(bookshop_url: str) -> Iterator[str]:
    """The URL of a role that may connect, and nothing else."""
    name = f"visitor_{make_url(bookshop_url).database}"
    password = uuid4().hex
    run(bookshop_url, f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
    yield make_url(bookshop_url).set(username=name, password=password).render_as_string(hide_password=False)
    run(bookshop_url, f"DROP ROLE {name}")


def test_a_role_that_may_only_connect_sees_nearly_all_and_is_told_the_rest(bookshop_url: str, visitor: str) -> None:
    for condition in CONDITIONS:
        run(bookshop_url, *condition.made_by)

    found = audit(visitor, now=datetime.now(UTC) + IN_A_WEEK)

    hidden = {("key-exhaustion", "column rooms.number")}
    hidden |= {(one.rule, one.place) for one in CONDITIONS if one.rule == "sequence-exhaustion"}
    assert marks(found.findings) == {(one.rule, one.place) for one in CONDITIONS} - hidden
    assert any(one.startswith("how far authors_id_seq has counted") for one in found.unseen)
    assert any(one.startswith("the largest rooms.number") for one in found.unseen)


def test_constraints_that_are_not_enforced_are_named(bookshop_url: str) -> None:
    with connected(bookshop_url) as connection:
        release = connection.dialect.server_version_info
    if release is not None and release >= (18,):
        run(bookshop_url, "ALTER TABLE books ADD CONSTRAINT titled CHECK (title <> '') NOT ENFORCED")
        assert marks(audit(bookshop_url).findings) == {("constraint-not-enforced", "constraint titled on books")}
    else:
        assert audit(bookshop_url).findings == []


SQLITE = """
CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE children (
    id INTEGER PRIMARY KEY REFERENCES parents, parent_id INTEGER REFERENCES parents,
    other_id INTEGER REFERENCES parents, updated_at TEXT
);
CREATE INDEX children_other ON children (other_id, id);
CREATE INDEX children_other_alone ON children (other_id);
CREATE INDEX parents_name ON parents (name);
CREATE INDEX parents_name_again ON parents (name);
CREATE INDEX parents_some ON parents (name) WHERE name > 'k';
INSERT INTO children VALUES (1, 7, 1, '');
INSERT INTO parents VALUES (1, 'a');
"""


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/family.db"


def test_on_sqlite_what_has_a_meaning_there_is_judged(sqlite_url: str) -> None:
    with connected(sqlite_url) as connection:
        for statement in SQLITE.split(";\n"):
            connection.exec_driver_sql(statement)

    found = audit(sqlite_url)

    assert marks(found.findings) == {
        ("dangling-reference", "table children"),
        ("foreign-key-without-index", "foreign key (parent_id) on children"),
        ("redundant-index", "index children_other_alone on children"),
        ("duplicate-index", "index parents_name_again on parents"),
        ("updated-at-without-trigger", "column children.updated_at"),
    }
    assert [one for one in found.unseen if "no meaning" in one]
    with connected(sqlite_url) as connection:
        connection.exec_driver_sql("UPDATE children SET parent_id = 1")
        for one in found.findings:
            if one.fix:
                connection.exec_driver_sql(one.fix)
    assert audit(sqlite_url).findings == []


def test_a_damaged_sqlite_index_is_found(sqlite_url: str) -> None:
    """The index is hidden while a row is written, so that the row is missing in it."""
    engine = create_engine(sqlite_url.replace("+aiosqlite", ""))
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT)")
        connection.exec_driver_sql("CREATE INDEX parents_name ON parents (name)")
        (kept,) = connection.exec_driver_sql("SELECT * FROM sqlite_master WHERE name = 'parents_name'").all()
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        connection.exec_driver_sql("DELETE FROM sqlite_master WHERE name = 'parents_name'")
        connection.commit()
    engine.dispose()
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO parents VALUES (1, 'a')")
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        connection.exec_driver_sql("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", tuple(kept))
        connection.commit()
    engine.dispose()

    found = audit(sqlite_url).findings

    assert {one.rule for one in found} == {"damaged-database"}
    assert "missing from index parents_name" in found[0].message


def test_looking_does_not_create_a_sqlite_database(sqlite_url: str, tmp_path: Path) -> None:
    with pytest.raises(SchemaToolsError, match="there is no database at"):
        audit(sqlite_url)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_reported_without_the_password() -> None:
    with pytest.raises(SchemaToolsError, match="Connection refused") as raised:
        audit("postgresql+psycopg://app:s3cret@127.0.0.1:1/app")
    assert "s3cret" not in str(raised.value)
