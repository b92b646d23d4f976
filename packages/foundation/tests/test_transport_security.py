"""Which URLs of databases lead to another machine without a check of its certificate."""

import pytest

from foundation.settings import ServiceSettings
from foundation.transport_security import unverified_settings

URL = "postgresql+psycopg://role:pass@"


@pytest.mark.parametrize(
    "address",
    [
        "db.internal/name",
        "db.internal:5432/name?sslmode=require",
        "10.0.0.7/name?sslmode=prefer",
        "[fd00::7]:5432/name",
        "/name?host=127.0.0.1,db.internal",
        "localhost/name?hostaddr=10.0.0.7",
    ],
)
def test_another_machine_that_is_not_verified_is_named(address: str) -> None:
    assert unverified_settings(ServiceSettings(database_url=f"{URL}{address}")) == ["DATABASE_URL"]


@pytest.mark.parametrize(
    "url",
    [
        "memory://",
        "sqlite+aiosqlite:///var/service.db",
        f"{URL}localhost/name",
        f"{URL}127.0.0.1:5432/name",
        f"{URL}[::1]:5432/name",
        f"{URL}/name",
        f"{URL}/name?host=/run/postgresql",
        f"{URL}db.internal/name?sslmode=verify-full&sslrootcert=ca.crt",
        f"{URL}db.internal/name?sslmode=verify-ca",
        f"{URL}db.internal/name?sslrootcert=system",
    ],
)
def test_this_machine_and_one_that_is_verified_are_not(url: str) -> None:
    assert unverified_settings(ServiceSettings(database_url=url)) == []


def test_the_replica_counts_too() -> None:
    settings = ServiceSettings(database_url=f"{URL}localhost/name", database_read_url=f"{URL}standby/name")

    assert unverified_settings(settings) == ["DATABASE_READ_URL"]
