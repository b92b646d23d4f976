"""Revocations of access tokens, on every storage."""

import pytest

from contract.storages import Service
from foundation.kernel.access.revocations.known_revocations import KnownRevocations
from foundation.kernel.access.revocations.revocation import (
    AlreadyRevoked,
    InvalidRevoked,
    NewRevocation,
    RevocationId,
    RevocationNotFound,
    Revoked,
    RevokedBy,
)
from foundation.kernel.access.revocations.use_cases import RevocationUseCases, RevokeTokens
from foundation.testing.clocks import NOON, FixedClock

pytestmark = pytest.mark.anyio

AT_NOON = NOON.timestamp()


class Revoking:
    """The use cases on a storage, at noon and without pauses; `slept` has those that were to be made."""

    def __init__(self, service: Service) -> None:
        self.slept: list[float] = []
        storage = service.container.storage()
        self.now = 0.0
        self.use_cases = RevocationUseCases(
            service.container.unit_of_work.provider(), storage.queries("revocations"), FixedClock(), self._sleep
        )
        self.known = KnownRevocations(storage.queries("revocations"), lambda: self.now)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def revoke(self, by: RevokedBy, revoked: str) -> int:
        return (await self.use_cases.revoke(RevokeTokens(NewRevocation(by, Revoked(revoked))))).id

    async def is_revoked(
        self,
        subject: str = "ada",
        *,
        at: float | None = AT_NOON,
        key: str | None = "k",
        token: str | None = "t",  # noqa: S107 -- no password
    ) -> bool:
        """Whether the token is revoked for a worker that reads what is new."""
        self.now += 1.0
        await self.known.refresh()
        return self.known.is_revoked(subject=subject, issued_at=at, key_id=key, token_id=token)


@pytest.fixture
def revoking(service: Service) -> Revoking:
    return Revoking(service)


async def test_nothing_is_revoked_at_first(revoking: Revoking) -> None:
    assert not await revoking.is_revoked()
    assert not await revoking.is_revoked(key=None, token=None)


async def test_tokens_of_a_subject_are_revoked_that_were_issued_before(revoking: Revoking) -> None:
    await revoking.revoke(RevokedBy.SUBJECT, "ada")
    assert await revoking.is_revoked()
    assert await revoking.is_revoked(at=AT_NOON - 1)
    assert await revoking.is_revoked(at=None)
    assert not await revoking.is_revoked(at=AT_NOON + 1)
    assert not await revoking.is_revoked("grace")


async def test_tokens_that_a_key_signed_are_revoked_whenever_they_were_issued(revoking: Revoking) -> None:
    await revoking.revoke(RevokedBy.KEY_ID, "k")
    assert await revoking.is_revoked(at=AT_NOON + 1)
    assert not await revoking.is_revoked(key="k2")
    assert not await revoking.is_revoked("k", key=None, token="k")  # noqa: S106 -- no password


async def test_one_token_is_revoked_by_its_id(revoking: Revoking) -> None:
    await revoking.revoke(RevokedBy.TOKEN_ID, "t")
    assert await revoking.is_revoked()
    assert not await revoking.is_revoked(token="t2")  # noqa: S106 -- no password
    assert not await revoking.is_revoked(token=None)


async def test_a_revocation_waits_until_every_worker_knows_it(revoking: Revoking) -> None:
    await revoking.revoke(RevokedBy.SUBJECT, "ada")
    assert revoking.slept == [1.0]


async def test_the_same_tokens_are_revoked_once(revoking: Revoking) -> None:
    await revoking.revoke(RevokedBy.SUBJECT, "ada")
    with pytest.raises(AlreadyRevoked, match="revoked already"):
        await revoking.revoke(RevokedBy.SUBJECT, "ada")
    await revoking.revoke(RevokedBy.KEY_ID, "ada")
    page = await revoking.use_cases.list(100, None)
    assert [(one.revoked_by, one.revoked) for one in page.items] == [("subject", "ada"), ("key-id", "ada")]


async def test_a_revocation_is_taken_back(revoking: Revoking) -> None:
    number = await revoking.revoke(RevokedBy.SUBJECT, "ada")
    assert await revoking.is_revoked()
    await revoking.use_cases.take_back(RevocationId(number))
    assert not await revoking.is_revoked()
    with pytest.raises(RevocationNotFound, match="no revocation with this id"):
        await revoking.use_cases.take_back(RevocationId(number))


@pytest.mark.parametrize("text", ["", "a" * 256, "a\nb", "\x00"])
def test_what_is_revoked_is_a_printable_text(text: str) -> None:
    with pytest.raises(InvalidRevoked):
        Revoked(text)


@pytest.mark.parametrize("text", ["a", "a" * 255])
def test_what_is_revoked_has_1_to_255_characters(text: str) -> None:
    assert Revoked(text).value == text
