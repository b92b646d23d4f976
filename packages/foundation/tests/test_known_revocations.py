"""What a worker knows of revoked tokens: read once a second, kept for a minute while the storage is away."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from foundation.kernel.access.revocations.known_revocations import KnownRevocations
from foundation.kernel.access.revocations.ports import RevocationFilter, RevocationSort, RevocationView
from foundation.kernel.access.revocations.revocation import RevocationId
from foundation.kernel.errors import StorageUnavailable
from foundation.memory.queries import InMemoryQueries
from foundation.memory.revocations import REVOCATIONS
from foundation.memory.store import InMemoryTable
from foundation.testing.clocks import NOON

pytestmark = pytest.mark.anyio


class Queries(InMemoryQueries[RevocationId, RevocationView, RevocationFilter, RevocationSort]):
    """The read side, which counts, and fails while it is `away`."""

    def __init__(self) -> None:
        self.table: InMemoryTable[RevocationView] = InMemoryTable(REVOCATIONS)
        super().__init__(REVOCATIONS, lambda: self.table)
        self.asked = 0
        self.away = False

    async def iterate_all(self, within: object = None) -> AsyncIterator[Sequence[RevocationView]]:
        del within
        self.asked += 1
        if self.away:
            raise StorageUnavailable
        async for batch in super().iterate_all():
            yield batch

    def revoke(self, subject: str) -> None:
        number = self.table.next_id()
        self.table.rows[number] = RevocationView(number, "subject", subject, NOON, NOON)


class Worker:
    """A worker, at a moment that tests choose."""

    def __init__(self) -> None:
        self.queries = Queries()
        self.now = 0.0
        self.known = KnownRevocations(self.queries, lambda: self.now)

    async def is_revoked(self, subject: str) -> bool:
        await self.known.refresh()
        return self.known.is_revoked(subject=subject, issued_at=None, key_id=None, token_id=None)


@pytest.fixture
def worker() -> Worker:
    return Worker()


async def test_they_are_read_once_a_second(worker: Worker) -> None:
    assert not await worker.is_revoked("ada")
    worker.queries.revoke("ada")
    worker.now = 0.999
    assert not await worker.is_revoked("ada")
    assert worker.queries.asked == 1
    worker.now = 1.0
    assert await worker.is_revoked("ada")
    assert worker.known.known_until() == 2.0


async def test_requests_that_come_together_read_once(worker: Worker) -> None:
    await asyncio.gather(*(worker.is_revoked("ada") for _ in range(100)))
    assert worker.queries.asked == 1


async def test_while_the_storage_is_away_what_is_known_is_good_for_a_minute(worker: Worker) -> None:
    worker.queries.revoke("ada")
    assert await worker.is_revoked("ada")
    worker.queries.away = True
    worker.now = 59.9
    assert await worker.is_revoked("ada")
    assert not await worker.is_revoked("grace")
    worker.now = 60.0
    with pytest.raises(StorageUnavailable):
        await worker.is_revoked("grace")
    worker.queries.away = False
    assert not await worker.is_revoked("grace")


async def test_without_anything_known_no_token_can_be_accepted(worker: Worker) -> None:
    worker.queries.away = True
    with pytest.raises(StorageUnavailable):
        await worker.is_revoked("ada")
