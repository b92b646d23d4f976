"""API keys: their secrets, and what may be done with them by whom."""

import string
from datetime import timedelta

import pytest

from foundation.kernel.access.api_keys import secret as secret_form
from foundation.kernel.access.api_keys.api_key import ApiKey, ApiKeyEnded, ApiKeyNotFound, NewApiKey
from foundation.kernel.access.api_keys.issue_api_key import ExpiryInThePast, IssueApiKey
from foundation.kernel.access.api_keys.policy import ADMINISTRATION, READING, WRITING
from foundation.kernel.access.api_keys.ports import ApiKeyFilter
from foundation.kernel.access.api_keys.read_api_keys import ListApiKeys
from foundation.kernel.access.api_keys.revoke_api_key import RevokeApiKey
from foundation.kernel.access.api_keys.rotate_api_key import MAX_OVERLAP, OverlapOutOfRange, RotateApiKey
from foundation.kernel.access.api_keys.secret import hash_of, is_well_formed, new_secret
from foundation.kernel.access.api_keys.values import (
    ApiKeyId,
    ApiKeyName,
    InvalidScopes,
    InvalidText,
    OwnerId,
    ScopeList,
    SecretHash,
    TenantId,
)
from foundation.kernel.access.credentials import CredentialRejected
from foundation.kernel.access.policy import Forbidden
from foundation.kernel.access.principal import OPERATOR, Principal, PrincipalKind, acting_as
from foundation.kernel.errors import WriteConflict
from foundation.kernel.pagination import LimitOutOfRange
from foundation.kernel.unset import UNSET, Unset
from foundation.testing.clocks import MICROSECOND, NOON
from keys_in_memory import READ, WRITE, KeysInMemory, ids, key_holder

pytestmark = pytest.mark.anyio

BASE_62 = string.digits + string.ascii_letters
DAY = timedelta(days=1)


@pytest.fixture
def keys() -> KeysInMemory:
    return KeysInMemory()


def command(*scopes: str, owner: OwnerId | Unset = UNSET, tenant: TenantId | Unset = UNSET) -> IssueApiKey:
    """A command that names an owner or a tenant only if it is given one."""
    return IssueApiKey(ApiKeyName("Key"), ScopeList(" ".join(scopes)), owner, tenant)


async def accepted(keys: KeysInMemory, secret: str) -> bool:
    """Whether a worker that knows nothing yet accepts the secret."""
    keys.use_cases.authenticator._known.clear()
    try:
        await keys.use_cases.authenticator.authenticate(secret)
    except CredentialRejected:
        return False
    return True


class TestSecrets:
    def test_have_a_prefix_30_random_characters_and_a_checksum_of_6(self) -> None:
        secret = new_secret()
        assert (secret[:4], len(secret), set(secret[4:]) <= set(BASE_62)) == ("svc_", 40, True)
        assert is_well_formed(secret)

    def test_are_never_the_same_twice(self) -> None:
        secrets = {new_secret() for _ in range(10_000)}
        assert len(secrets) == 10_000
        assert all(map(is_well_formed, secrets))

    def test_with_any_one_character_changed_are_refused(self) -> None:
        secret = new_secret()
        changed = [
            secret[:place] + other + secret[place + 1 :]
            for place in range(len(secret))
            for other in BASE_62 + "_- "
            if other != secret[place]
        ]
        assert len(changed) > 2400
        assert [one for one in changed if is_well_formed(one)] == []

    def test_with_any_two_neighbours_exchanged_are_refused(self) -> None:
        for secret in (new_secret() for _ in range(100)):
            pairs = range(len(secret) - 1)
            exchanged = {secret[:at] + secret[at + 1] + secret[at] + secret[at + 2 :] for at in pairs} - {secret}
            assert [one for one in exchanged if is_well_formed(one)] == []

    @pytest.mark.parametrize("change", ["{}x", "x{}", " {}", "{}\n", "{}{}"])
    def test_with_anything_added_are_refused(self, change: str) -> None:
        secret = new_secret()
        assert not is_well_formed(change.format(secret, secret))

    @pytest.mark.parametrize("text", ["", "svc_", "SVC_" + "0" * 36, "svc_" + "é" * 36, "svc_" + "٣" * 36])
    def test_of_another_form_are_refused(self, text: str) -> None:
        assert not is_well_formed(text)
        # Nor with a checksum that is right.
        assert not is_well_formed(text[:-6] + secret_form._checksum(text[:-6]))


class TestValues:
    @pytest.mark.parametrize("text", ["", " ", "\n", "x" * 101, "a\x00b", "a\nb", "a\u202eb", "a\u200bb"])
    def test_a_name_without_1_to_100_visible_characters_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidText):
            ApiKeyName(text)

    def test_a_name_is_trimmed(self) -> None:
        assert ApiKeyName("  Nightly export\t").value == "Nightly export"
        assert ApiKeyName("x" * 100).value == "x" * 100

    def test_an_owner_and_a_tenant_have_lengths_of_their_own(self) -> None:
        assert OwnerId("x" * 255).value == "x" * 255
        assert TenantId("x" * 100).value == "x" * 100
        for wrong in (lambda: OwnerId("x" * 256), lambda: TenantId("x" * 101)):
            with pytest.raises(InvalidText):
                wrong()

    def test_scopes_are_kept_once_each_and_in_order(self) -> None:
        scopes = ScopeList(" things:write\tthings:read  things:write ")
        assert scopes.value == "things:read things:write"
        assert scopes.members == {READ, WRITE}

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "things",
            "things:",
            ":read",
            "Things:read",
            "things:read,x:y",
            "a:b:c",
            "*:read",
            "x" * 51 + ":a",
            "things:read burn",
        ],
    )
    def test_scopes_of_another_form_are_refused(self, text: str) -> None:
        with pytest.raises(InvalidScopes):
            ScopeList(text)

    def test_scopes_have_at_most_1000_characters_together(self) -> None:
        assert ScopeList(" ".join(f"aaaa{number:03}:b" for number in range(100))).members
        with pytest.raises(InvalidScopes):
            ScopeList(" ".join(f"aaaa{number:03}:bb" for number in range(100)))
        longest = " ".join(f"aaaa{number:03}:b" for number in range(99)) + " aaaa099:bb"
        assert len(ScopeList(longest).value) == 1000
        with pytest.raises(InvalidScopes):
            ScopeList(f"{longest}b")


class TestLastUse:
    @staticmethod
    def key() -> ApiKey:
        new = NewApiKey(ApiKeyName("Key"), ScopeList(READ), SecretHash(hash_of("secret")))
        return ApiKey.issue(new, at=NOON)

    def test_is_the_latest_that_is_known(self) -> None:
        key = self.key()
        for moment, last in ((NOON + DAY, NOON + DAY), (NOON, NOON + DAY), (NOON + 2 * DAY, NOON + 2 * DAY)):
            key.record_use(at=moment)
            assert key.last_used_at == last

    def test_is_a_new_version_of_the_key_if_it_is_later(self) -> None:
        key = self.key()
        key.record_use(at=NOON + DAY)
        assert key.updated_at == NOON + DAY
        key.record_use(at=NOON + DAY)
        assert key.updated_at == NOON + DAY


class TestIssuing:
    async def test_shows_the_secret_and_keeps_its_hash_alone(self, keys: KeysInMemory) -> None:
        issued = await keys.issue()
        assert issued.key.secret_hash == hash_of(issued.secret)
        assert issued.secret not in repr(keys.stored)
        assert issued.secret[4:34] not in repr(keys.stored)
        assert list(keys.stored.values()) == [issued.key]

    async def test_takes_owner_and_tenant_of_the_principal_unless_they_are_named(self, keys: KeysInMemory) -> None:
        with acting_as(key_holder(READ, owner="42", tenant="acme")):
            issued = await keys.use_cases.issue(command(READ))
        assert (issued.key.owner, issued.key.tenant) == ("42", "acme")

    async def test_takes_the_principal_itself_as_owner_where_it_has_none(self, keys: KeysInMemory) -> None:
        with acting_as(key_holder(READ, owner=None, key_id="7")):
            issued = await keys.use_cases.issue(command(READ))
        assert issued.key.owner == "api-key:7"

    async def test_with_a_scope_that_the_service_lacks_is_refused_with_those_it_has(self, keys: KeysInMemory) -> None:
        with acting_as(OPERATOR), pytest.raises(InvalidScopes, match=r"api-keys:admin, .*things:write"):
            await keys.use_cases.issue(command("things:burn"))
        assert keys.stored == {}

    async def test_with_a_scope_that_the_issuer_lacks_is_forbidden(self, keys: KeysInMemory) -> None:
        with acting_as(key_holder(READ, WRITING)), pytest.raises(Forbidden) as forbidden:
            await keys.use_cases.issue(command(READ, WRITE))
        assert forbidden.value.scope == WRITE
        assert keys.stored == {}

    @pytest.mark.parametrize("owner", ["43", None])
    async def test_for_another_owner_is_forbidden(self, keys: KeysInMemory, owner: str | None) -> None:
        for_other = IssueApiKey(ApiKeyName("Key"), ScopeList(READ), OwnerId(owner) if owner else None)
        with acting_as(key_holder(READ)), pytest.raises(Forbidden) as forbidden:
            await keys.use_cases.issue(for_other)
        assert forbidden.value.scope == ADMINISTRATION

    async def test_for_another_owner_is_for_administrators(self, keys: KeysInMemory) -> None:
        with acting_as(key_holder(READ, ADMINISTRATION, tenant="acme")):
            issued = await keys.use_cases.issue(command(READ, owner=OwnerId("43")))
        assert (issued.key.owner, issued.key.tenant) == ("43", "acme")

    @pytest.mark.parametrize("own", ["acme", None])
    async def test_for_another_tenant_is_forbidden_to_administrators_too(
        self, keys: KeysInMemory, own: str | None
    ) -> None:
        administrator = key_holder(READ, ADMINISTRATION, tenant=own)
        with acting_as(administrator), pytest.raises(Forbidden):
            await keys.use_cases.issue(command(READ, tenant=TenantId("globex")))
        assert keys.stored == {}

    async def test_with_any_scope_owner_and_tenant_is_for_operators(self, keys: KeysInMemory) -> None:
        issued = await keys.issue(READ, WRITE, ADMINISTRATION, owner="43", tenant="globex")
        assert (issued.key.owner, issued.key.tenant) == ("43", "globex")
        assert issued.key.scopes == f"{ADMINISTRATION} {READ} {WRITE}"

    async def test_of_a_key_that_has_expired_already_is_refused(self, keys: KeysInMemory) -> None:
        for moment in (NOON, NOON - MICROSECOND):
            with pytest.raises(ExpiryInThePast):
                await keys.issue(expires_at=moment)
        assert (await keys.issue(expires_at=NOON + MICROSECOND)).key.id == 1


class TestReading:
    async def test_shows_an_owner_its_keys_and_no_others(self, keys: KeysInMemory) -> None:
        for owner, tenant in (("42", None), ("43", None), (None, None), ("42", "acme")):
            await keys.issue(owner=owner, tenant=tenant)
        for principal, visible in (
            (key_holder(READING, owner="43"), [2]),
            (key_holder(READING, owner="42", tenant="acme"), [4]),
            (key_holder(READING, owner="4"), []),
            (key_holder(READING, owner=None), []),
            (key_holder(READING, ADMINISTRATION, owner=None, tenant="acme"), [4]),
            (key_holder(READING, ADMINISTRATION, owner=None), [1, 2, 3, 4]),
            (Principal(PrincipalKind.ANONYMOUS), []),
            (OPERATOR, [1, 2, 3, 4]),
            (Principal(PrincipalKind.OPERATOR, tenant="acme"), [4]),
        ):
            with acting_as(principal):
                page = await keys.use_cases.list(ListApiKeys())
                assert ids(page.items) == visible, principal
                for number in range(1, 6):
                    if number in visible:
                        assert (await keys.use_cases.get(ApiKeyId(number))).id == number
                    else:
                        with pytest.raises(ApiKeyNotFound):
                            await keys.use_cases.get(ApiKeyId(number))

    async def test_a_filter_by_owner_reveals_no_keys_of_others(self, keys: KeysInMemory) -> None:
        await keys.issue(owner="43")
        with acting_as(key_holder(READING, owner="42")):
            page = await keys.use_cases.list(ListApiKeys(ApiKeyFilter(owner=OwnerId("43"))))
        assert page.items == ()

    @pytest.mark.parametrize("limit", [0, 101])
    def test_a_page_has_1_to_100_keys(self, limit: int) -> None:
        with pytest.raises(LimitOutOfRange):
            ListApiKeys(limit=limit)


class TestRotation:
    async def test_leaves_the_new_secret_and_the_one_before_for_the_overlap(self, keys: KeysInMemory) -> None:
        first = await keys.issue()
        with acting_as(OPERATOR):
            second = await keys.use_cases.rotate(RotateApiKey(ApiKeyId(1), overlap=DAY))
        assert second.key.previous_expires_at == NOON + DAY
        for moment, good in ((NOON, True), (NOON + DAY - MICROSECOND, True), (NOON + DAY, False)):
            keys.clock.moment = moment
            assert await accepted(keys, first.secret) is good
            assert await accepted(keys, second.secret)

    async def test_never_leaves_a_third_secret(self, keys: KeysInMemory) -> None:
        secrets = [(await keys.issue()).secret]
        with acting_as(OPERATOR):
            secrets += [(await keys.use_cases.rotate(RotateApiKey(ApiKeyId(1)))).secret for _ in range(3)]
        assert [await accepted(keys, secret) for secret in secrets] == [False, False, True, True]

    async def test_without_an_overlap_ends_the_secret_before_at_once(self, keys: KeysInMemory) -> None:
        first = await keys.issue()
        with acting_as(OPERATOR):
            await keys.use_cases.rotate(RotateApiKey(ApiKeyId(1), overlap=timedelta()))
        assert not await accepted(keys, first.secret)

    async def test_has_an_overlap_of_30_days_at_most(self, keys: KeysInMemory) -> None:
        first = await keys.issue()
        with acting_as(OPERATOR):
            await keys.use_cases.rotate(RotateApiKey(ApiKeyId(1), overlap=MAX_OVERLAP))
        keys.clock.moment = NOON + timedelta(days=30) - MICROSECOND
        assert await accepted(keys, first.secret)
        for wrong in (-MICROSECOND, MAX_OVERLAP + MICROSECOND):
            with pytest.raises(OverlapOutOfRange, match="0 seconds to 30 days"):
                RotateApiKey(ApiKeyId(1), overlap=wrong)

    def test_has_an_overlap_of_a_day_by_default(self) -> None:
        assert RotateApiKey(ApiKeyId(1)).overlap == DAY

    async def test_does_not_prolong_a_key_that_expires(self, keys: KeysInMemory) -> None:
        first = await keys.issue(expires_at=NOON + DAY)
        with acting_as(OPERATOR):
            second = await keys.use_cases.rotate(RotateApiKey(ApiKeyId(1), overlap=2 * DAY))
        keys.clock.moment = NOON + DAY
        assert not await accepted(keys, first.secret)
        assert not await accepted(keys, second.secret)

    async def test_of_a_key_that_has_ended_is_refused(self, keys: KeysInMemory) -> None:
        await keys.issue(expires_at=NOON + DAY)
        await keys.issue()
        with acting_as(OPERATOR):
            await keys.use_cases.revoke(RevokeApiKey(ApiKeyId(2)))
            keys.clock.moment = NOON + DAY
            before = dict(keys.stored)
            for number in (1, 2):
                with pytest.raises(ApiKeyEnded, match="Issue a new one"):
                    await keys.use_cases.rotate(RotateApiKey(ApiKeyId(number)))
        assert keys.stored == before

    async def test_of_a_key_that_may_more_than_the_principal_is_forbidden(self, keys: KeysInMemory) -> None:
        await keys.issue(READ, WRITE)
        before = dict(keys.stored)
        with acting_as(key_holder(READ, WRITING)), pytest.raises(Forbidden) as forbidden:
            await keys.use_cases.rotate(RotateApiKey(ApiKeyId(1)))
        assert (forbidden.value.scope, keys.stored) == (WRITE, before)

    async def test_of_the_key_of_another_owner_is_not_found(self, keys: KeysInMemory) -> None:
        await keys.issue(owner="43")
        with acting_as(key_holder(READ, WRITING)), pytest.raises(ApiKeyNotFound, match="no API key with this id"):
            await keys.use_cases.rotate(RotateApiKey(ApiKeyId(1)))
        with acting_as(key_holder(READ, WRITING, ADMINISTRATION)):
            assert (await keys.use_cases.rotate(RotateApiKey(ApiKeyId(1)))).key.id == 1

    async def test_waits_until_no_worker_trusts_what_it_had_read(self, keys: KeysInMemory) -> None:
        await keys.issue()
        with acting_as(OPERATOR):
            await keys.use_cases.rotate(RotateApiKey(ApiKeyId(1)))
        assert keys.slept == [1.0]


class TestRevocation:
    async def test_is_for_good(self, keys: KeysInMemory) -> None:
        issued = await keys.issue()
        assert await accepted(keys, issued.secret)
        with acting_as(OPERATOR):
            await keys.use_cases.revoke(RevokeApiKey(ApiKeyId(1)))
        for days in (0, 1, 10_000):
            keys.clock.moment = NOON + days * DAY
            assert not await accepted(keys, issued.secret)

    async def test_ends_the_secret_before_a_rotation_too(self, keys: KeysInMemory) -> None:
        first = await keys.issue()
        with acting_as(OPERATOR):
            second = await keys.use_cases.rotate(RotateApiKey(ApiKeyId(1)))
            await keys.use_cases.revoke(RevokeApiKey(ApiKeyId(1)))
        assert not await accepted(keys, first.secret)
        assert not await accepted(keys, second.secret)

    async def test_changes_nothing_a_second_time(self, keys: KeysInMemory) -> None:
        await keys.issue()
        with acting_as(OPERATOR):
            await keys.use_cases.revoke(RevokeApiKey(ApiKeyId(1)))
            once = keys.stored[1]
            keys.clock.moment = NOON + DAY
            await keys.use_cases.revoke(RevokeApiKey(ApiKeyId(1)))
        assert keys.stored[1] == once
        assert once.revoked_at == NOON

    async def test_is_a_new_version_of_the_key(self, keys: KeysInMemory) -> None:
        issued = await keys.issue()
        keys.clock.moment = NOON + DAY
        with acting_as(OPERATOR):
            await keys.use_cases.revoke(RevokeApiKey(ApiKeyId(1)))
        assert (issued.key.updated_at, keys.stored[1].updated_at) == (NOON, NOON + DAY)

    async def test_leaves_the_key_in_lists(self, keys: KeysInMemory) -> None:
        await keys.issue()
        with acting_as(OPERATOR):
            await keys.use_cases.revoke(RevokeApiKey(ApiKeyId(1)))
            assert ids((await keys.use_cases.list(ListApiKeys())).items) == [1]

    async def test_of_the_key_of_another_owner_is_not_found(self, keys: KeysInMemory) -> None:
        issued = await keys.issue(owner="43")
        for principal in (key_holder(WRITING), key_holder(WRITING, owner=None)):
            with acting_as(principal), pytest.raises(ApiKeyNotFound):
                await keys.use_cases.revoke(RevokeApiKey(ApiKeyId(1)))
        assert await accepted(keys, issued.secret)
        assert keys.slept == []

    async def test_waits_until_no_worker_trusts_what_it_had_read(self, keys: KeysInMemory) -> None:
        await keys.issue()
        with acting_as(OPERATOR):
            await keys.use_cases.revoke(RevokeApiKey(ApiKeyId(1)))
        assert keys.slept == [1.0]

    async def test_that_meets_another_writer_is_tried_again(self, keys: KeysInMemory) -> None:
        await keys.issue()
        async with keys.storage.unit_of_work() as rival:
            used = await rival.api_keys.get(ApiKeyId(1))
            with acting_as(OPERATOR):
                await keys.use_cases.revoke(RevokeApiKey(ApiKeyId(1)))
            used.record_use(at=NOON)
            with pytest.raises(WriteConflict):
                await rival.commit()
        assert keys.stored[1].revoked_at == NOON
