"""Database URLs are turned to synchronous drivers, and never shown with a secret."""

import pytest
from sqlalchemy import make_url

from schema_tools.database_urls import migration_url, shown, without_secrets
from schema_tools.errors import SchemaToolsError


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite+aiosqlite:///var/service.db", "sqlite"),
        ("sqlite:///var/service.db", "sqlite"),
        ("postgresql+psycopg://u@h/db", "postgresql+psycopg"),
        ("postgresql://u@h/db", "postgresql+psycopg"),
        ("postgres://u@h/db", "postgresql+psycopg"),
        ("postgresql+asyncpg://u@h/db", "postgresql+psycopg"),
        ("postgresql+psycopg2://u@h/db", "postgresql+psycopg"),
        ("postgresql+pg8000://u@h/db", "postgresql+psycopg"),
    ],
)
def test_migrations_run_on_the_synchronous_driver(given: str, driver: str) -> None:
    assert migration_url(given).drivername == driver
    assert migration_url(given).database == make_url(given).database


@pytest.mark.parametrize(("ssl", "sslmode"), [("true", "require"), ("verify-full", "verify-full")])
def test_parameters_of_asyncpg_are_turned_to_those_of_libpq(ssl: str, sslmode: str) -> None:
    given = f"postgresql+asyncpg://u@h/db?ssl={ssl}&prepared_statement_cache_size=0&application_name=a"

    assert dict(migration_url(given).query) == {"sslmode": sslmode, "application_name": "a"}


@pytest.mark.parametrize("given", ["mysql://u:s3cret@h/db", "memory://", "oracle+oracledb://u:s3cret@h/db"])
def test_another_database_is_refused(given: str) -> None:
    with pytest.raises(SchemaToolsError, match="not on") as raised:
        migration_url(given)

    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("given", ["", "s3cret", "postgresql://u:s3cret@h:port/db"])
def test_what_is_no_url_is_refused_without_being_repeated(given: str) -> None:
    with pytest.raises(SchemaToolsError, match="cannot be read") as raised:
        migration_url(given)

    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("given", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
def test_a_database_in_memory_is_refused(given: str) -> None:
    with pytest.raises(SchemaToolsError, match="in memory"):
        migration_url(given)


def test_a_url_is_shown_without_its_secrets() -> None:
    url = make_url("postgresql+psycopg://app:s3cret@h:5432/db?password=other&sslmode=require&sslpassword=third")

    assert shown(url) == "postgresql+psycopg://app:***@h:5432/db?sslmode=require"


def test_a_message_is_one_line_without_the_secrets_of_its_url() -> None:
    url = make_url("postgresql+psycopg://app:s3cret@h/db?password=other")

    assert without_secrets("no s3cret\n\tand no other", url) == "no *** and no ***"


@pytest.mark.parametrize("password", ["h", "db", "example", "5432", "app", "psycopg"])
def test_a_secret_that_is_shown_anyway_is_not_told_by_a_mask(password: str) -> None:
    url = make_url(f"postgresql+psycopg://app:{password}@db.example:5432/h")
    message = "connection to server at db.example, port 5432 failed for app of h, psycopg"

    assert without_secrets(message, url) == message


def test_a_password_that_ends_too_early_is_not_printed_with_the_host() -> None:
    with pytest.raises(SchemaToolsError, match=r"write it as %40") as refused:
        migration_url("postgresql+psycopg://app:one@two@h/db")
    assert "two" not in str(refused.value)
