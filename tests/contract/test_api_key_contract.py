"""API keys keep the promises of every entity, and are found by their secrets."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from contract.storages import Service
from foundation.kernel.access.api_keys.api_key import ApiKey, ApiKeyNotFound, NewApiKey
from foundation.kernel.access.api_keys.ports import ApiKeyFilter, ApiKeySort, ApiKeyView
from foundation.kernel.access.api_keys.secret import hash_of
from foundation.kernel.access.api_keys.values import ApiKeyId, ApiKeyName, OwnerId, ScopeList, SecretHash, TenantId
from foundation.kernel.errors import AlreadyTaken
from foundation.testing.entity_contract import LATER, NOON, EntityContract
from foundation.testing.examples import EntityExamples


def secret(number: int) -> str:
    return hash_of(f"secret {number}")


def new(number: int) -> NewApiKey:
    """Those with an even number have an owner, and every third one a tenant and an end."""
    return NewApiKey(
        ApiKeyName(f"Key {number}"),
        ScopeList("things:read things:write"),
        SecretHash(secret(number)),
        OwnerId("42") if number % 2 == 0 else None,
        TenantId("acme") if number % 3 == 0 else None,
        NOON + timedelta(days=number + 1) if number % 3 == 0 else None,
    )


def change(key: ApiKey, number: int, at: datetime) -> None:
    key.rotate(SecretHash(secret(1000 + number)), previous_until=at, at=at)


def queries(service: Any) -> Any:
    return service.container.storage().queries("api_keys")


class TestApiKeys(EntityContract):
    examples = EntityExamples(
        name="api_keys",
        id=ApiKeyId,
        new=new,
        make=lambda described, at: ApiKey.issue(described, at=at),
        view=ApiKeyView.of,
        change=change,
        not_found=ApiKeyNotFound,
        taken=AlreadyTaken,
        queries=queries,
        everything=ApiKeyFilter(),
        filters=[
            (ApiKeyFilter(owner=OwnerId("42")), lambda key: key.owner == "42"),
            (ApiKeyFilter(owner=OwnerId("43")), lambda key: key.owner == "43"),
            (ApiKeyFilter(secret=secret(3)), lambda key: key.secret_hash == secret(3)),
            (ApiKeyFilter(owner=OwnerId("42"), secret=secret(3)), lambda _key: False),
        ],
        orders=list(ApiKeySort),
    )


async def stored(service: Service) -> tuple[ApiKeyView, ApiKeyView]:
    """Two keys, the first of which was rotated."""
    async with service.unit_of_work() as uow:
        first, second = [ApiKey.issue(new(number), at=NOON) for number in (1, 2)]
        await uow.api_keys.add(first)
        await uow.api_keys.add(second)
        first.rotate(SecretHash(secret(10)), previous_until=LATER, at=LATER)
        await uow.commit()
    return ApiKeyView.of(first), ApiKeyView.of(second)


@pytest.mark.anyio
async def test_a_key_is_found_by_its_present_secret_and_by_the_one_before(service: Service) -> None:
    rotated, other = await stored(service)
    assert await queries(service).find(ApiKeyFilter(secret=secret(10))) == rotated
    assert await queries(service).find(ApiKeyFilter(secret=secret(1))) == rotated
    assert await queries(service).find(ApiKeyFilter(secret=secret(2))) == other
    assert (rotated.previous_secret_hash, rotated.previous_expires_at) == (secret(1), LATER)


@pytest.mark.anyio
async def test_no_key_is_found_by_a_secret_that_none_has(service: Service) -> None:
    await stored(service)
    for unknown in (secret(3), "", secret(1).upper(), "None"):
        assert await queries(service).find(ApiKeyFilter(secret=unknown)) is None


@pytest.mark.anyio
async def test_times_and_ends_of_a_key_are_stored_to_the_microsecond(service: Service) -> None:
    moment = NOON.replace(microsecond=123_457)
    async with service.unit_of_work() as uow:
        key = ApiKey.issue(new(0)._replace(expires_at=moment), at=NOON)
        await uow.api_keys.add(key)
        key.record_use(at=moment - timedelta(microseconds=1))
        key.revoke(at=moment)
        await uow.commit()
    read = await queries(service).get(key.id)
    assert read == ApiKeyView.of(key)
    assert (read.expires_at, read.last_used_at, read.revoked_at) == (
        moment, moment - timedelta(microseconds=1), moment,
    )  # fmt: skip
