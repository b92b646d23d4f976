"""`updated_at` is kept by the database for every writer that leaves it alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, column, table, text, update
from sqlalchemy.exc import DatabaseError

from plain_sql import connected
from schema_tools.document.table_facts import example_row
from schema_tools.migrations import runner
from schema_tools.project import SchemaProject

LONG_AGO = "2001-02-03 04:05:06.000007"
# A column that is not here was left out when the row was inserted, so its example is another value.
OTHER_VALUES = {"email": "other@example.com", "name": "Jane Doe", "created_at": "2003-01-01 00:00:00.000000"}


def insert_user(connection: Connection, updated_at: str = LONG_AGO) -> None:
    statement = (
        "INSERT INTO users (email, name, created_at, updated_at)"
        " VALUES ('user@example.com', 'John Doe', :created, :updated)"
    )
    connection.execute(text(statement), {"created": LONG_AGO, "updated": updated_at})


def updated_at(connection: Connection) -> datetime:
    found = connection.execute(text("SELECT updated_at FROM users")).scalar_one()
    moment = datetime.fromisoformat(found) if isinstance(found, str) else found
    assert isinstance(moment, datetime)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def test_a_plain_update_moves_it_to_now(migrated_url: str) -> None:
    with connected(migrated_url) as connection:
        insert_user(connection)
        before = datetime.now(UTC)
        connection.execute(text("UPDATE users SET name = 'Jane Doe'"))

        assert before - timedelta(seconds=60) < updated_at(connection) < before + timedelta(seconds=60)


def test_an_update_of_any_column_moves_it(service: SchemaProject, migrated_url: str) -> None:
    examples = example_row(service.metadata.tables["users"])
    for name in examples.keys() - {"id", "updated_at"}:
        with connected(migrated_url) as connection:
            connection.execute(text("DELETE FROM users"))
            insert_user(connection)
            before = updated_at(connection)
            value = OTHER_VALUES.get(name, examples[name] or "x")
            connection.execute(update(table("users", column(name))).values({name: value}))

            assert updated_at(connection) > before, name


def test_an_update_that_changes_nothing_leaves_it(migrated_url: str) -> None:
    with connected(migrated_url) as connection:
        insert_user(connection)
        before = updated_at(connection)
        connection.execute(text("UPDATE users SET name = name, email = 'user@example.com'"))

        assert updated_at(connection) == before


def test_a_writer_that_sets_it_is_left_alone(migrated_url: str) -> None:
    with connected(migrated_url) as connection:
        insert_user(connection)
        connection.execute(
            text("UPDATE users SET name = 'Jane Doe', updated_at = :moment"), {"moment": "2002-01-01 00:00:00.000000"}
        )

        assert updated_at(connection) == datetime(2002, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2999-12-30 10:20:30.000000", "2999-12-30 10:20:30.000001"),
        ("2999-12-30 10:20:30.000009", "2999-12-30 10:20:30.000010"),
        ("2999-12-30 10:20:30.999999", "2999-12-30 10:20:31.000000"),
        ("2999-12-31 23:59:59.999999", "3000-01-01 00:00:00.000000"),
    ],
)
def test_it_moves_forward_by_a_microsecond_where_the_clock_is_behind(
    migrated_url: str, before: str, after: str
) -> None:
    with connected(migrated_url) as connection:
        insert_user(connection, updated_at=before)
        connection.execute(text("UPDATE users SET name = 'Jane Doe'"))

        assert updated_at(connection) == datetime.fromisoformat(after).replace(tzinfo=UTC)


def test_two_updates_in_one_transaction_both_move_it(migrated_url: str) -> None:
    with connected(migrated_url) as connection:
        insert_user(connection)
        moments = [updated_at(connection)]
        for name in ("Jane", "Janet"):
            connection.execute(text("UPDATE users SET name = :name"), {"name": name})
            moments.append(updated_at(connection))

        assert moments == sorted(set(moments))


def test_both_timestamps_have_six_digits_when_the_database_fills_them_in(migrated_url: str) -> None:
    with connected(migrated_url) as connection:
        connection.execute(text("INSERT INTO users (email, name) VALUES ('user@example.com', 'John Doe')"))
        row = connection.execute(text("SELECT created_at, updated_at FROM users")).one()

        for moment in row:
            assert isinstance(moment, datetime) or len(moment) == len(LONG_AGO)
        assert abs(updated_at(connection) - datetime.now(UTC)) < timedelta(seconds=60)


UNREADABLE_ON_SQLITE = (
    *(
        "CURRENT_TIMESTAMP",
        "'2099-01-01 00:00:00'",
        "'2099-01-01T00:00:00.000000Z'",
        "4070908800",
        "x'00'",
        "'infinity'",
    ),
    *("'2099-02-29 00:00:00.000000'", "'2099-01-01 24:00:00.000000'", "'0000-12-31 00:00:00.000000'"),
    *("'2099-01-01 00:00:60.000000'", "'2099-13-01 00:00:00.000000'", "'12099-01-01 00:00:00.000000'"),
    *("'2099-01-01 00:00:00.00000x'", "'2099-01-01 00:00:00.0000000'", "'2099-01-01 00:00:00,000000'"),
)


@pytest.mark.parametrize("name", ["created_at", "updated_at"])
def test_sqlite_refuses_a_time_that_would_compare_wrongly(service: SchemaProject, tmp_path: Path, name: str) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/service.db"
    runner.upgrade(service, url)
    with connected(url) as connection:
        insert_user(connection)
        for moment in UNREADABLE_ON_SQLITE:
            with pytest.raises(DatabaseError, match="times in UTC such as"):
                connection.execute(text(f"UPDATE users SET {name} = {moment}"))  # noqa: S608 -- written above
            with pytest.raises(DatabaseError, match="times in UTC such as"):
                connection.execute(text(f"INSERT INTO users (email, name, {name}) VALUES ('a', 'b', {moment})"))  # noqa: S608
        for moment in ("0001-01-01 00:00:00.000000", "2024-02-29 12:59:59.000001", "9999-12-31 23:59:59.999999"):
            connection.execute(text(f"UPDATE users SET {name} = '{moment}'"))  # noqa: S608 -- written above


def test_sqlite_refuses_a_blob_in_a_column_of_texts(service: SchemaProject, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/service.db"
    runner.upgrade(service, url)
    with connected(url) as connection:
        insert_user(connection)
        for statement in ("UPDATE users SET name = x'41'", "INSERT INTO users (email, name) VALUES (x'41', 'b')"):
            with pytest.raises(DatabaseError, match="users has no BLOBs"):
                connection.execute(text(statement))
