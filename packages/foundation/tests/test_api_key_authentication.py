"""Whose an API key is: what a worker trusts, for how long, and what it asks the storage."""

import asyncio
import string
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from foundation.kernel.access.api_keys import authentication
from foundation.kernel.access.api_keys.api_key import ApiKeyNotFound
from foundation.kernel.access.api_keys.authentication import ApiKeyAuthenticator
from foundation.kernel.access.api_keys.issue_api_key import IssueApiKey, IssuedApiKey
from foundation.kernel.access.api_keys.record_use import RecordApiKeyUseHandler
from foundation.kernel.access.api_keys.revoke_api_key import RevokeApiKey
from foundation.kernel.access.api_keys.secret import new_secret
from foundation.kernel.access.api_keys.use_cases import ApiKeyUseCases
from foundation.kernel.access.api_keys.values import ApiKeyId, ApiKeyName, ScopeList
from foundation.kernel.access.credentials import CredentialRejected
from foundation.kernel.access.principal import OPERATOR, Principal, PrincipalKind, acting_as
from foundation.kernel.errors import StorageOverloaded, StorageUnavailable, WriteConflict
from foundation.memory.api_keys import API_KEYS
from foundation.memory.storage import InMemoryStorage
from foundation.testing.clocks import MICROSECOND, NOON, FixedClock
from keys_in_memory import READ, WRITE, KeysInMemory

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)


class Worker:
    """A worker process with keys in memory. `at` is its monotonic clock."""

    def __init__(self) -> None:
        self.keys = KeysInMemory()
        self.at = 1000.0
        self.error: BaseException | None = None
        self.recorded = 0
        self.recording = asyncio.Event()
        self.recording.set()
        self._record = RecordApiKeyUseHandler(self.keys.storage.unit_of_work, self.keys.clock)
        self.authenticator = ApiKeyAuthenticator(self.keys.queries, self._record_use, self.keys.clock, lambda: self.at)

    async def _record_use(self, key_id: ApiKeyId) -> None:
        self.recorded += 1
        await self.recording.wait()
        if self.error is not None:
            raise self.error
        await self._record(key_id)

    async def accepts(self, secret: str) -> bool:
        """Whether it accepts the secret now."""
        try:
            await self.authenticator.authenticate(secret)
        except CredentialRejected:
            return False
        return True

    @contextmanager
    def slow_storage(self) -> Iterator[asyncio.Event]:
        """Inside, what the storage has read arrives when the event is set."""
        self.keys.queries.pause = asyncio.Event()
        yield self.keys.queries.pause
        self.keys.queries.pause = None

    async def revoke(self, key: IssuedApiKey) -> None:
        """Revoke the key, as another process does."""
        with acting_as(OPERATOR):
            await self.keys.use_cases.revoke(RevokeApiKey(ApiKeyId(key.key.id)))


@pytest.fixture
def worker() -> Worker:
    return Worker()


async def no_pause(_seconds: float) -> None:
    """Do not wait for workers, of which there is one."""


async def settled() -> None:
    """Let all tasks run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_key_proves_its_principal(worker: Worker) -> None:
    issued = await worker.keys.issue(READ, WRITE, owner="42", tenant="acme")
    principal = await worker.authenticator.authenticate(issued.secret)
    assert principal == Principal(PrincipalKind.API_KEY, "1", frozenset({READ, WRITE}), "acme", "42")
    assert principal.name == "api-key:1"


async def test_a_broken_key_is_refused_without_a_look_at_the_storage(worker: Worker) -> None:
    secret = (await worker.keys.issue()).secret
    broken = {
        secret[:place] + other + secret[place + 1 :]
        for place in range(len("svc_"), len(secret))
        for other in string.ascii_letters + string.digits
    } - {secret}
    broken |= {secret[:at] + secret[at + 1] + secret[at] + secret[at + 2 :] for at in range(len(secret) - 1)} - {secret}
    for one in (*broken, secret[:-1], f"{secret}0", "svc_", ""):
        with pytest.raises(CredentialRejected, match="not complete"):
            await worker.authenticator.authenticate(one)
    assert worker.keys.queries.asked == 0


async def test_an_unknown_key_is_refused_and_not_remembered(worker: Worker) -> None:
    unknown = new_secret()
    for _ in range(3):
        assert not await worker.accepts(unknown)
    assert worker.keys.queries.asked == 3
    assert not worker.authenticator.knows(unknown)


def test_a_credential_of_another_kind_is_not_taken() -> None:
    assert ApiKeyAuthenticator.takes("svc_broken")
    assert not any(map(ApiKeyAuthenticator.takes, ("", "svc", "SVC_x", "eyJhbGciOi.J9.x", " svc_x")))


async def test_what_was_read_is_trusted_for_a_second(worker: Worker) -> None:
    secret = (await worker.keys.issue()).secret
    for seconds, asked in ((0.0, 1), (0.999, 1), (1.0, 2), (1.999, 2), (2.0, 3)):
        worker.at = 1000.0 + seconds
        assert await worker.accepts(secret)
        assert worker.keys.queries.asked == asked, seconds


async def test_a_key_is_good_until_it_is_read_anew_or_ends(worker: Worker) -> None:
    secret = (await worker.keys.issue()).secret
    short = (await worker.keys.issue(expires_at=NOON + timedelta(seconds=0.25))).secret
    assert worker.authenticator.good_until(secret) == 0.0
    assert await worker.accepts(secret)
    assert await worker.accepts(short)
    assert (worker.authenticator.good_until(secret), worker.authenticator.good_until(short)) == (1001.0, 1000.25)


async def test_the_second_begins_when_the_storage_is_asked_and_not_when_it_answers(worker: Worker) -> None:
    issued = await worker.keys.issue()
    with worker.slow_storage() as answered:
        first = asyncio.create_task(worker.accepts(issued.secret))
        await settled()
        await worker.revoke(issued)
        worker.at += 0.9
        answered.set()
        assert await first
    worker.at += 0.099
    assert await worker.accepts(issued.secret)
    worker.at += 0.001
    assert not await worker.accepts(issued.secret)


async def test_a_request_does_not_join_a_reading_that_is_older_than_a_second(worker: Worker) -> None:
    issued = await worker.keys.issue()
    with worker.slow_storage() as answered:
        early = asyncio.create_task(worker.accepts(issued.secret))
        await settled()
        await worker.revoke(issued)
        worker.at += 0.999
        joined = asyncio.create_task(worker.accepts(issued.secret))
        await settled()
        assert worker.keys.queries.asked == 1
        # From here on, the revocation has been answered.
        worker.at += 0.001
        late = [asyncio.create_task(worker.accepts(issued.secret)) for _ in range(2)]
        await settled()
        answered.set()
        assert [await early, await joined, *[await one for one in late]] == [True, True, False, False]
    assert worker.keys.queries.asked == 2
    assert not await worker.accepts(issued.secret)


async def test_a_key_is_never_trusted_beyond_its_end(worker: Worker) -> None:
    secret = (await worker.keys.issue(expires_at=NOON + timedelta(seconds=0.25))).secret
    assert await worker.accepts(secret)
    worker.at += 0.249
    assert await worker.accepts(secret)
    worker.at += 0.001
    worker.keys.clock.moment = NOON + timedelta(seconds=0.25)
    assert not await worker.accepts(secret)
    assert not worker.authenticator.knows(secret)


async def test_a_key_that_ends_while_the_storage_is_asked_is_refused(worker: Worker) -> None:
    secret = (await worker.keys.issue(expires_at=NOON + MICROSECOND)).secret
    with worker.slow_storage() as answered:
        asked = asyncio.create_task(worker.accepts(secret))
        await settled()
        worker.keys.clock.moment = NOON + MICROSECOND
        answered.set()
        assert not await asked


async def test_100_requests_at_once_are_one_query(worker: Worker) -> None:
    secret = (await worker.keys.issue()).secret
    assert all(await asyncio.gather(*(worker.accepts(secret) for _ in range(100))))
    assert worker.keys.queries.asked == 1


async def test_different_keys_do_not_wait_for_each_other(worker: Worker) -> None:
    secrets = [(await worker.keys.issue()).secret for _ in range(10)]
    assert all(await asyncio.gather(*(worker.accepts(secret) for secret in secrets)))
    assert worker.keys.queries.asked == 10


async def test_a_request_that_is_cancelled_cancels_no_other(worker: Worker) -> None:
    secret = (await worker.keys.issue()).secret
    with worker.slow_storage() as answered:
        first, second, third = [asyncio.create_task(worker.accepts(secret)) for _ in range(3)]
        await settled()
        first.cancel()
        third.cancel()
        await settled()
        answered.set()
        assert await second
    assert (first.cancelled(), third.cancelled(), worker.keys.queries.asked) == (True, True, 1)


async def test_closing_waits_for_what_is_under_way(worker: Worker) -> None:
    secret = (await worker.keys.issue()).secret
    with worker.slow_storage() as answered:
        request = asyncio.create_task(worker.accepts(secret))
        await settled()
        closing = asyncio.create_task(worker.authenticator.aclose())
        await settled()
        assert not closing.done()
        answered.set()
        await closing
    assert await request
    [key] = worker.keys.stored.values()
    assert key.last_used_at is not None


async def test_closing_waits_for_the_use_that_a_reading_begins_to_record(worker: Worker) -> None:
    secret = (await worker.keys.issue()).secret
    worker.recording.clear()
    with worker.slow_storage() as answered:
        request = asyncio.create_task(worker.accepts(secret))
        await settled()
        closing = asyncio.create_task(worker.authenticator.aclose())
        await settled()
        answered.set()
        assert await request
    await settled()
    assert not closing.done()
    worker.recording.set()
    await closing
    assert worker.keys.stored[1].last_used_at == NOON


async def test_a_reading_whose_requests_were_all_cancelled_leaves_nothing_behind(worker: Worker) -> None:
    with worker.slow_storage() as answered:
        only = asyncio.create_task(worker.accepts(new_secret()))
        await settled()
        only.cancel()
        await settled()
        answered.set()
        await settled()
    assert worker.authenticator._readings._flights == {}


@pytest.mark.parametrize("error", [StorageUnavailable, StorageOverloaded])
async def test_a_storage_that_does_not_answer_says_nothing_about_the_key(
    worker: Worker, error: type[StorageUnavailable]
) -> None:
    secret = (await worker.keys.issue()).secret
    assert await worker.accepts(secret)
    worker.keys.queries.error = error()
    worker.at += 0.999
    assert await worker.accepts(secret)
    worker.at += 0.001
    ended = await asyncio.gather(*(worker.authenticator.authenticate(secret) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in ended] == [error] * 3
    worker.keys.queries.error = None
    assert await worker.accepts(secret)


async def test_the_memory_for_keys_is_bounded_and_the_oldest_goes_first(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert authentication._MOST_KNOWN == 10_000
    monkeypatch.setattr(authentication, "_MOST_KNOWN", 3)
    first, *others = [(await worker.keys.issue()).secret for _ in range(4)]
    for secret in (first, *others):
        assert await worker.accepts(secret)
    assert [worker.authenticator.knows(secret) for secret in (first, *others)] == [False, True, True, True]
    # One that is read anew is as good as new.
    worker.at += 1
    assert await worker.accepts(others[0])
    assert await worker.accepts(first)
    assert [worker.authenticator.knows(secret) for secret in (first, *others)] == [True, True, False, True]


async def test_a_key_is_known_from_its_first_use_until_it_is_rejected(worker: Worker) -> None:
    issued = await worker.keys.issue()
    assert not worker.authenticator.knows(issued.secret)
    assert await worker.accepts(issued.secret)
    worker.at += 100
    assert worker.authenticator.knows(issued.secret)
    await worker.revoke(issued)
    assert not await worker.accepts(issued.secret)
    assert not worker.authenticator.knows(issued.secret)


async def test_the_last_use_is_recorded_at_most_once_a_minute(worker: Worker) -> None:
    secret = (await worker.keys.issue()).secret
    seen = []
    for seconds in (0, 30, 59.999999, 60, 90, 120):
        worker.keys.clock.moment = NOON + timedelta(seconds=seconds)
        worker.at += 1
        assert await worker.accepts(secret)
        await settled()
        last = worker.keys.stored[1].last_used_at
        assert last is not None
        seen.append((last - NOON).total_seconds())
    assert seen == [0, 0, 0, 60, 60, 120]
    assert worker.recorded == 3


async def test_one_use_is_recorded_for_many_requests_at_once(worker: Worker) -> None:
    secret = (await worker.keys.issue()).secret
    await asyncio.gather(*(worker.accepts(secret) for _ in range(10)))
    await settled()
    assert worker.recorded == 1


async def test_a_use_is_not_recorded_while_one_before_it_is(worker: Worker) -> None:
    secret = (await worker.keys.issue()).secret
    worker.recording.clear()
    for _ in range(3):
        assert await worker.accepts(secret)
        await settled()
        worker.at += 1
    assert worker.recorded == 1
    worker.recording.set()
    await worker.authenticator.aclose()
    assert worker.keys.stored[1].last_used_at == NOON


@pytest.mark.parametrize(
    "error", [StorageUnavailable(), WriteConflict(), ApiKeyNotFound(ApiKeyId(1)), asyncio.CancelledError()]
)
async def test_a_use_that_cannot_be_recorded_does_no_harm_and_is_tried_again(
    worker: Worker, error: BaseException
) -> None:
    secret = (await worker.keys.issue()).secret
    worker.error = error
    assert await worker.accepts(secret)
    await settled()
    assert worker.keys.stored[1].last_used_at is None
    worker.error, worker.at = None, worker.at + 1
    assert await worker.accepts(secret)
    await settled()
    assert worker.keys.stored[1].last_used_at == NOON


async def test_the_last_use_is_never_set_back_by_a_worker_whose_clock_is_slow(worker: Worker) -> None:
    secret = (await worker.keys.issue()).secret
    for moment in (NOON, NOON - 2 * MINUTE):
        worker.keys.clock.moment = moment
        worker.at += 1
        assert await worker.accepts(secret)
        await settled()
    assert worker.keys.stored[1].last_used_at == NOON


async def test_the_use_of_a_key_has_no_entry_in_the_audit_trail_and_its_revocation_has() -> None:
    storage, clock = InMemoryStorage({"api_keys": API_KEYS}, audited=True), FixedClock()
    use_cases = ApiKeyUseCases(storage.unit_of_work, storage.queries("api_keys"), clock, {READ}, no_pause)
    with acting_as(OPERATOR):
        issued = await use_cases.issue(IssueApiKey(ApiKeyName("Key"), ScopeList(READ)))
        await use_cases.authenticator.authenticate(issued.secret)
        await use_cases.authenticator.aclose()
        assert (await use_cases.get(ApiKeyId(1))).last_used_at == NOON
        assert len(storage.store.audit_trail.rows) == 1
        await use_cases.revoke(RevokeApiKey(ApiKeyId(1)))
        assert len(storage.store.audit_trail.rows) == 2


async def test_the_use_of_a_key_that_is_rejected_is_not_recorded(worker: Worker) -> None:
    issued = await worker.keys.issue()
    await worker.revoke(issued)
    assert not await worker.accepts(issued.secret)
    await settled()
    assert worker.recorded == 0
