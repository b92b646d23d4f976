"""Token buckets as rows, on every database: taken by one statement, and forgotten when they are full."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from foundation.kernel.errors import MigrationsPending, StorageUnavailable
from foundation.kernel.forget_full_buckets import ForgetFullBucketsHandler
from foundation.kernel.rate_limit import RateLimit
from foundation.kernel.shared_rate_limit import SharedRateLimiter
from foundation.sqlalchemy.database import Database, open_database
from foundation.sqlalchemy.limits import Limits
from foundation.sqlalchemy.rate_limits import SqlAlchemyRateLimits
from foundation.sqlalchemy.tables import idempotency_keys_table, named_metadata, rate_limits_table
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers

pytestmark = pytest.mark.anyio

METADATA: Final = named_metadata()
idempotency_keys_table(METADATA, operation="POST /api/v1/books", answer="[]")
TABLE: Final = rate_limits_table(METADATA)

HOURLY: Final = RateLimit(100, 3600)  # so slow that no token comes back during a test
EACH: Final = 36.0  # seconds of it


class Rows:
    """The rows of a new database, and the buckets in them."""

    def __init__(self, url: str, database: Database) -> None:
        self._url = url
        self.database = database
        self.buckets = SqlAlchemyRateLimits(TABLE, database.begin)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        with connected(self._url) as connection:
            yield connection

    def all(self) -> list[Any]:
        with self.connected() as connection:
            return list(
                connection.execute(text("SELECT key_hash, full_at, granted FROM rate_limits ORDER BY key_hash"))
            )

    def let_pass(self, seconds: float) -> None:
        """Make every row as old as if so much time had passed."""
        with self.connected() as connection:
            connection.execute(text("UPDATE rate_limits SET full_at = full_at - :past"), {"past": int(seconds * 1e6)})


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def limits() -> Limits:
    patient = timedelta(seconds=60)  # a slow machine is no failing test
    return Limits(4, 40, patient, patient, patient, patient, patient, patient)


@pytest.fixture(params=["sqlite", *POSTGRES_NAMES])
async def rows(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_servers: PostgresServers
) -> AsyncIterator[Rows]:
    with ExitStack() as until_the_end:
        url = f"sqlite+aiosqlite:///{tmp_path}/limits.db"
        if request.param != "sqlite":
            url = until_the_end.enter_context(postgres_servers.empty_database(request.param))
        with connected(url) as connection:
            METADATA.create_all(connection)
        database = open_database(url, limits(), METADATA, {})
        try:
            yield Rows(url, database)
        finally:
            await database.dispose()


async def test_a_bucket_is_full_at_first_and_lacks_what_is_taken(rows: Rows) -> None:
    assert await rows.buckets.grant("a", HOURLY, 1, 5) == pytest.approx((5, 5 * EACH), abs=0.01)
    assert await rows.buckets.grant("a", HOURLY, 1, 90) == pytest.approx((90, 95 * EACH), abs=30)
    assert (await rows.buckets.grant("b", HOURLY, 1, 1)).tokens == 1


async def test_as_many_tokens_are_granted_as_there_are(rows: Rows) -> None:
    await rows.buckets.grant("a", HOURLY, 1, 97)
    assert (await rows.buckets.grant("a", HOURLY, 1, 5)).tokens == 3
    tokens, full_in = await rows.buckets.grant("a", HOURLY, 1, 5)
    assert tokens == 0
    assert full_in == pytest.approx(3600, abs=30)
    assert [row.granted for row in rows.all()] == [0]


async def test_less_than_is_needed_is_not_taken(rows: Rows) -> None:
    await rows.buckets.grant("a", HOURLY, 1, 97)
    assert (await rows.buckets.grant("a", HOURLY, 4, 5)).tokens == 0
    assert (await rows.buckets.grant("a", HOURLY, 3, 5)).tokens == 3


async def test_tokens_come_back_evenly_and_no_more_than_there_were(rows: Rows) -> None:
    await rows.buckets.grant("a", HOURLY, 100, 100)
    rows.let_pass(10.5 * EACH)
    assert (await rows.buckets.grant("a", HOURLY, 1, 50)).tokens == 10
    assert (await rows.buckets.grant("a", HOURLY, 1, 50)).tokens == 0
    rows.let_pass(1_000_000)
    assert await rows.buckets.grant("a", HOURLY, 1, 1000) == pytest.approx((100, 3600), abs=0.1)


@pytest.mark.parametrize("limit", [RateLimit(7, 3600), RateLimit(999_983, 3600), RateLimit(3, 1)])
async def test_all_tokens_of_a_full_bucket_can_be_taken_one_by_one_or_at_once(rows: Rows, limit: RateLimit) -> None:
    await rows.buckets.grant("a", limit, 1, 1)
    rows.let_pass(3600)
    assert (await rows.buckets.grant("a", limit, limit.requests, limit.requests)).tokens == limit.requests
    if limit.requests == 7:
        assert [(await rows.buckets.grant("b", limit, 1, 1)).tokens for _ in range(8)] == [1] * 7 + [0]


async def test_a_limit_that_was_lowered_holds_at_once_and_from_then_on(rows: Rows) -> None:
    await rows.buckets.grant("a", HOURLY, 100, 100)
    tokens, full_in = await rows.buckets.grant("a", RateLimit(60, 60), 1, 1)
    assert tokens == 0
    assert full_in == pytest.approx(60, abs=0.1)
    rows.let_pass(1)
    assert (await rows.buckets.grant("a", RateLimit(60, 60), 1, 1)).tokens == 1


async def test_no_key_is_stored(rows: Rows) -> None:
    await rows.buckets.grant("address:192.0.2.1", HOURLY, 1, 5)
    assert [(row.key_hash, row.granted) for row in rows.all()] == [(hash_of("address:192.0.2.1"), 5)]


async def test_of_many_at_once_no_more_are_granted_than_there_are(rows: Rows) -> None:
    granted = await asyncio.gather(*[rows.buckets.grant("a", HOURLY, 1, 7) for _ in range(30)])
    assert sum(one.tokens for one in granted) == 100
    assert len(rows.all()) == 1


async def test_full_buckets_are_forgotten_and_no_others(rows: Rows) -> None:
    for number in range(5):
        await rows.buckets.grant(str(number), HOURLY, 1, 10)
    rows.let_pass(10 * EACH)
    await rows.buckets.grant("lacking", HOURLY, 1, 10)
    assert await rows.buckets.forget_full(2) == 2
    assert len(rows.all()) == 4
    assert await ForgetFullBucketsHandler(rows.buckets)() == 3
    assert [row.key_hash for row in rows.all()] == [hash_of("lacking")]
    assert await rows.buckets.forget_full(2) == 0


async def test_those_that_are_full_longest_are_forgotten_first(rows: Rows) -> None:
    for key, tokens in (("a", 3), ("b", 1), ("c", 2)):
        await rows.buckets.grant(key, HOURLY, 1, tokens)
    rows.let_pass(100_000)
    await rows.buckets.forget_full(2)
    assert [row.key_hash for row in rows.all()] == [hash_of("a")]


async def test_two_workers_share_a_limit(rows: Rows) -> None:
    others = SqlAlchemyRateLimits(TABLE, rows.database.begin)
    workers = [SharedRateLimiter("default", HOURLY, one, patience=60) for one in (rows.buckets, others)]
    allowed = [(await worker.take("a")).allowed for _ in range(60) for worker in workers]
    assert allowed == [True] * 100 + [False] * 20
    rows.let_pass(2 * EACH)
    assert not (await workers[0].take("a")).allowed  # which it knows by its own clock


async def test_a_table_that_is_missing_is_told(rows: Rows) -> None:
    with rows.connected() as connection:
        TABLE.drop(connection)
    with pytest.raises(MigrationsPending):
        await rows.buckets.grant("a", HOURLY, 1, 1)
    limiter = SharedRateLimiter("default", RateLimit(1, 3600), rows.buckets, patience=60)
    assert [(await limiter.take("a")).allowed for _ in range(2)] == [True, False]


async def test_a_connection_is_returned_after_an_error(rows: Rows) -> None:
    with rows.connected() as connection:
        TABLE.drop(connection)
    for _ in range(10):  # more than there are
        with pytest.raises(MigrationsPending):
            await rows.buckets.grant("a", HOURLY, 1, 1)
    with rows.connected() as connection:
        TABLE.create(connection)
    assert (await rows.buckets.grant("a", HOURLY, 1, 1)).tokens == 1


async def test_the_database_refuses_what_no_worker_writes(rows: Rows) -> None:
    insert = "INSERT INTO rate_limits (key_hash, full_at, granted) VALUES ('a', 1, :granted)"
    with pytest.raises(DBAPIError, match="granted"), rows.connected() as connection:
        connection.execute(text(insert), {"granted": -1})
    with rows.connected() as connection:
        connection.execute(text(insert), {"granted": 0})
        assert {one["name"] for one in inspect(connection).get_check_constraints("rate_limits")} >= {
            "ck_rate_limits_granted"
        }


async def test_every_column_is_explained() -> None:
    assert TABLE.comment
    assert all(column.comment and column.info["example"] for column in TABLE.columns)
    assert TABLE.info["append_only"]


async def test_a_server_that_cannot_be_reached_leaves_a_limit() -> None:
    nowhere = "postgresql+psycopg://service:none@127.0.0.1:1/none"
    database = open_database(nowhere, limits(), METADATA, {})
    buckets = SqlAlchemyRateLimits(TABLE, database.begin)
    with pytest.raises(StorageUnavailable):
        await buckets.grant("a", HOURLY, 1, 1)
    limiter = SharedRateLimiter("default", RateLimit(2, 3600), buckets)
    assert [(await limiter.take("a")).allowed for _ in range(3)] == [True, True, False]
    await database.dispose()
