"""Limits of requests: by principal, by address, and of credentials that are tried."""

from collections.abc import Iterator

import pytest

from foundation.kernel.access.api_keys.secret import new_secret
from http_contract.protected import KeyHolder, ProtectedService
from http_contract.talking import USERS

pytestmark = pytest.mark.fewer_storages("requests are counted in the process, before any storage is asked")


def service_with(**settings: str) -> Iterator[ProtectedService]:
    with ProtectedService("memory://", **settings) as service:
        yield service


@pytest.fixture
def by_principal() -> Iterator[ProtectedService]:
    """Each principal may send three requests an hour."""
    yield from service_with(rate_limit="3/1h")


@pytest.fixture
def by_address() -> Iterator[ProtectedService]:
    """Each address may send three requests an hour; a proxy on this machine says which it is."""
    yield from service_with(rate_limit_by_address="3/1h", trusted_proxies="127.0.0.1")


@pytest.fixture
def guarded() -> Iterator[ProtectedService]:
    """Each address may try three credentials an hour."""
    yield from service_with(failed_authentication_limit="3/1h")


def statuses(holder: KeyHolder, count: int) -> list[int]:
    return [holder("GET", USERS).status_code for _ in range(count)]


def attempt(service: ProtectedService, secret: str) -> int:
    return service.request("GET", USERS, headers={"Authorization": f"Bearer {secret}"}).status_code


def test_a_principal_may_send_as_many_requests_as_its_limit_says(by_principal: ProtectedService) -> None:
    one, other = by_principal.issue(), by_principal.issue()
    assert statuses(one, 5) == [200, 200, 200, 429, 429]
    assert statuses(other, 1) == [200]


def test_an_answer_says_what_is_left_of_a_limit(by_principal: ProtectedService) -> None:
    holder = by_principal.issue()
    answers = [holder("GET", f"{USERS}/{number}") for number in range(1, 5)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"principal";q=3;w=3600'}
    left = [answer.headers["ratelimit"].split(";")[1] for answer in answers]
    assert left == ["r=2", "r=1", "r=0", "r=0"]


def test_beyond_a_limit_the_answer_says_when_to_come_back(by_principal: ProtectedService) -> None:
    holder = by_principal.issue()
    statuses(holder, 3)
    refused = holder("POST", USERS, json={"email": "ada@example.com", "name": "Ada"})
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/rate-limited")
    assert 1190 <= int(refused.headers["retry-after"]) <= 1200


def test_a_request_that_lacks_a_scope_counts(by_principal: ProtectedService) -> None:
    holder = by_principal.issue("users:read")
    assert [holder("DELETE", f"{USERS}/1").status_code for _ in range(4)] == [403, 403, 403, 429]


def test_an_address_may_send_as_many_requests_as_its_limit_says(by_address: ProtectedService) -> None:
    holder = by_address.issue()
    clients = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in (1, 2)]
    answers = [holder("GET", USERS, headers=clients[0]).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    assert holder("GET", USERS, headers=clients[1]).status_code == 200
    assert by_address.request("GET", USERS, headers=clients[0]).status_code == 429


def test_health_and_documentation_are_not_counted(by_address: ProtectedService) -> None:
    for path in ("/livez", "/openapi.json"):
        assert {by_address.request("GET", path).status_code for _ in range(5)} == {200}
    assert by_address.request("GET", USERS).status_code == 401


def test_an_address_may_try_as_many_credentials_as_its_limit_says(guarded: ProtectedService) -> None:
    attempts = [attempt(guarded, new_secret()) for _ in range(5)]
    assert attempts == [401, 401, 401, 429, 429]
    for wrong in ("svc_broken", "a.b.c", "nonsense"):
        assert attempt(guarded, wrong) == 429


def test_broken_credentials_count_as_well(guarded: ProtectedService) -> None:
    assert [attempt(guarded, wrong) for wrong in ("svc_broken", "a.b.c", "nonsense", "svc_broken")] == [401] * 3 + [429]


def test_what_is_no_credential_counts_as_well(guarded: ProtectedService) -> None:
    for values in (["Basic YTpi"], ["Bearer a.b.c", "Bearer d.e.f"], ["Bearer \xe5"], [""]):
        answer = guarded.request("GET", USERS, headers=[("Authorization", value.encode("latin-1")) for value in values])
        assert answer.status_code == (401 if values != [""] else 429)


def test_a_request_without_a_credential_is_no_attempt(guarded: ProtectedService) -> None:
    assert {guarded.request("GET", USERS).status_code for _ in range(5)} == {401}
    assert attempt(guarded, new_secret()) == 401


def test_a_credential_in_use_is_let_in_from_an_address_that_tried_too_many(guarded: ProtectedService) -> None:
    known, unknown = guarded.issue(), guarded.issue()
    assert statuses(known, 1) == [200]
    for _ in range(3):
        attempt(guarded, new_secret())
    assert statuses(known, 2) == [200, 200]
    assert statuses(unknown, 1) == [429]


def test_without_a_limit_no_request_is_counted() -> None:
    with ProtectedService("memory://") as service:
        answer = service.issue()("GET", USERS)
        assert "ratelimit" not in answer.headers
