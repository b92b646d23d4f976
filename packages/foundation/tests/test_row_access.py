"""Which rows are open to a principal, and what a use case answers about those that are not."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from foundation.kernel.access.api_keys.api_key import ApiKey, ApiKeyNotFound
from foundation.kernel.access.api_keys.values import ApiKeyId
from foundation.kernel.access.policy import EVERY_ROW, NO_ROW, Forbidden, Restriction, ScopesOnly, admits
from foundation.kernel.access.principal import (
    ANONYMOUS,
    OPERATOR,
    Caller,
    Principal,
    PrincipalKind,
    acting_as,
    begin_call,
    current_caller,
    current_principal,
)
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.access.scopes import scope, scopes_of
from foundation.testing.clocks import NOON
from keys_in_memory import READ, KeysInMemory, key_holder

pytestmark = pytest.mark.anyio


class SeesAllChangesOwn:
    """A principal sees all rows of its tenant, and changes its own."""

    def readable(self, principal: Principal) -> Restriction:
        return {"tenant": principal.tenant}

    def changeable(self, principal: Principal) -> Restriction:
        return {"owner": principal.owner, "tenant": principal.tenant}

    def check_adding(self, principal: Principal) -> None:
        if principal.owner is None:
            raise Forbidden


async def changed(keys: KeysInMemory, access: RowAccess, number: int) -> ApiKey:
    async with keys.storage.unit_of_work() as uow:
        return await access.get_to_change(uow.api_keys, ApiKeyId(number))


@pytest.fixture
async def keys() -> KeysInMemory:
    """Key 1 is of owner 42, key 2 of owner 43, both of one tenant; key 3 is of another one."""
    keys = KeysInMemory()
    for owner, tenant in (("42", "acme"), ("43", "acme"), ("42", "globex")):
        await keys.issue(owner=owner, tenant=tenant)
    return keys


async def test_a_row_that_may_be_changed_is_loaded(keys: KeysInMemory) -> None:
    with acting_as(key_holder(owner="42", tenant="acme")):
        assert (await changed(keys, RowAccess(SeesAllChangesOwn()), 1)).id == ApiKeyId(1)


async def test_a_row_that_may_be_seen_and_not_changed_is_forbidden(keys: KeysInMemory) -> None:
    with acting_as(key_holder(owner="42", tenant="acme")), pytest.raises(Forbidden) as forbidden:
        await changed(keys, RowAccess(SeesAllChangesOwn()), 2)
    assert (forbidden.value.scope, str(forbidden.value)) == (None, "You may not do this.")


@pytest.mark.parametrize("number", [3, 4])
async def test_a_row_that_may_not_be_seen_is_as_one_that_is_not_there(keys: KeysInMemory, number: int) -> None:
    with acting_as(key_holder(owner="42", tenant="acme")), pytest.raises(ApiKeyNotFound):
        await changed(keys, RowAccess(SeesAllChangesOwn()), number)


async def test_without_rules_about_rows_every_row_is_open(keys: KeysInMemory) -> None:
    access = RowAccess(ScopesOnly())
    with acting_as(ANONYMOUS):
        access.check_adding()
        assert access.readable() == EVERY_ROW
        assert (await changed(keys, access, 3)).id == ApiKeyId(3)
        with pytest.raises(ApiKeyNotFound):
            await changed(keys, access, 4)


class NoRows:
    """Finds nothing, and keeps which rows it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Restriction] = []

    async def get(self, entity_id: ApiKeyId, within: Restriction) -> ApiKey:
        self.asked.append(within)
        raise ApiKeyNotFound(entity_id)


async def test_a_row_is_looked_for_again_only_if_more_may_be_seen_than_changed() -> None:
    for policy, asked in (
        (ScopesOnly(), [EVERY_ROW]),
        (SeesAllChangesOwn(), [{"owner": "42", "tenant": None}, {"tenant": None}]),
    ):
        rows = NoRows()
        with acting_as(key_holder(owner="42")), pytest.raises(ApiKeyNotFound):
            await RowAccess(policy).get_to_change(rows, ApiKeyId(1))
        assert rows.asked == asked


async def test_the_rules_are_asked_about_the_principal_of_the_present_task() -> None:
    access = RowAccess(SeesAllChangesOwn())
    with acting_as(key_holder(owner=None)), pytest.raises(Forbidden):
        access.check_adding()
    with acting_as(key_holder(owner="42", tenant="acme")):
        access.check_adding()
        assert access.readable() == {"tenant": "acme"}


def test_nothing_equals_a_value_that_is_not_there() -> None:
    row = SimpleNamespace(id=1, owner=None, created_at=NOON)
    assert admits(EVERY_ROW, row)
    assert admits({"id": 1, "created_at": NOON}, row)
    assert admits({"id": ApiKeyId(1)}, row)
    assert admits({"id": ApiKeyId(1)}, SimpleNamespace(id=ApiKeyId(1)))
    for within in (NO_ROW, {"owner": None}, {"id": 2}, {"id": 1, "owner": "42"}, {"created_at": NOON + timedelta(1)}):
        assert not admits(within, row)


def test_a_restriction_by_an_attribute_that_rows_lack_is_a_defect() -> None:
    with pytest.raises(AttributeError):
        admits({"department": "7"}, SimpleNamespace(id=1))


def test_a_task_works_for_the_anonymous_principal_until_it_is_told_another() -> None:
    assert current_caller() == Caller(ANONYMOUS)
    with acting_as(OPERATOR, "request-1"):
        assert current_caller() == Caller(OPERATOR, "request-1")
        with acting_as(ANONYMOUS):
            assert current_principal() is ANONYMOUS
        assert current_principal() is OPERATOR
    assert current_principal() is ANONYMOUS


def test_a_task_works_for_another_no_longer_than_until_an_error() -> None:
    with pytest.raises(KeyError), acting_as(OPERATOR):
        raise KeyError
    assert current_principal() is ANONYMOUS


async def test_a_call_that_begins_says_who_the_task_works_for() -> None:
    begin_call(key_holder(READ), "request-1")
    assert current_principal() == key_holder(READ)


def test_principals_of_different_kinds_never_have_one_name() -> None:
    names = [
        Principal(PrincipalKind.API_KEY, "1").name,
        Principal(PrincipalKind.TOKEN, "1").name,
        Principal(PrincipalKind.TOKEN, "x" * 300).name,
        Principal(PrincipalKind.TOKEN, "x" * 301).name,
        ANONYMOUS.name,
        OPERATOR.name,
    ]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 255
    assert names[:2] == ["api-key:1", "token:1"]


def test_a_name_of_255_characters_is_as_it_was_given() -> None:
    longest = "x" * (255 - len("token:"))
    assert Principal(PrincipalKind.TOKEN, longest).name == f"token:{longest}"
    assert Principal(PrincipalKind.TOKEN, f"{longest}x").name.startswith("token:sha256:")


def test_an_operator_has_every_scope_and_others_those_they_were_given() -> None:
    assert OPERATOR.may("things:admin")
    assert not ANONYMOUS.may(READ)
    assert key_holder(READ).may(READ)
    assert not key_holder(READ).may("things:admin")


def test_the_scopes_of_a_resource_are_its_name_and_a_verb() -> None:
    assert scope("api_keys", "read") == "api-keys:read"
    assert scopes_of("order lines") == tuple(
        f"order-lines:{verb}" for verb in ("read", "write", "delete", "import", "export", "admin")
    )
