"""Users keep the promises of every entity where lists are read on a standby."""

from collections.abc import AsyncIterator, Iterator

import pytest

from contract.storages import Service, open_service
from contract.test_user_contract import TestUsers as UserContract
from faults.lists import migrated
from faults.standby import StreamingPair, streaming_pair


@pytest.fixture(scope="module")
def pair() -> Iterator[StreamingPair]:
    with streaming_pair() as running:
        yield running


@pytest.fixture(scope="module")
def urls(pair: StreamingPair) -> tuple[str, str]:
    return migrated(pair, int(pair.standby.admin.port or 0))


@pytest.fixture
async def service(pair: StreamingPair, urls: tuple[str, str]) -> AsyncIterator[Service]:
    pair.on_primary("TRUNCATE users, idempotency_keys RESTART IDENTITY", urls[0].rpartition("/")[2])
    before = pair.reads()[1]
    async with open_service(urls[0], database_read_url=urls[1], database_read_max_lag=2) as opened:
        await opened.export_all()
        yield opened
    assert pair.reads()[1] > before


class TestUsersOnAReplica(UserContract):
    """Each promise, as `contract.test_user_contract` has them for the other storages."""


del UserContract
