"""The routes of API keys: issuing, reading, rotating and revoking them."""

import asyncio
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from e2e.answers import pointers, problem
from http_contract.protected import API_KEYS, KeyHolder, ProtectedService
from http_contract.talking import USERS, new_user

NEW = {"name": "Nightly export", "scopes": "users:export users:read"}
SECRET = re.compile(r"svc_[0-9A-Za-z]{36}")
MEMBERS = {
    "id", "name", "scopes", "owner", "tenant", "expires_at", "previous_expires_at", "revoked_at", "last_used_at",
    "created_at", "updated_at",
}  # fmt: skip
MANAGING = ("api-keys:read", "api-keys:write")


def issued(answer: httpx2.Response) -> dict[str, Any]:
    """The key that was just issued."""
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


def status_with(service: ProtectedService, secret: str) -> int:
    """What a request with this secret is answered."""
    return service.request("GET", USERS, headers={"Authorization": f"Bearer {secret}"}).status_code


def listed(holder: KeyHolder, **query: str) -> list[dict[str, Any]]:
    """Every key that the holder sees, over all pages."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = holder("GET", API_KEYS, params={"limit": "100", **query, **cursor}).json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def test_issuing_answers_201_with_the_key_its_address_and_its_secret(protected: ProtectedService) -> None:
    issuer = protected.issue(owner="issuing")
    answer = issuer("POST", API_KEYS, json=NEW)
    key = issued(answer)
    assert key.keys() == {*MEMBERS, "secret"}
    assert SECRET.fullmatch(key["secret"])
    assert {name: key[name] for name in ("name", "scopes", "owner", "expires_at", "revoked_at")} == {
        **NEW, "owner": "issuing", "expires_at": None, "revoked_at": None,
    }  # fmt: skip
    assert answer.headers["location"] == f"{API_KEYS}/{key['id']}"
    assert status_with(protected, key["secret"]) == 200


def test_a_secret_is_in_the_first_answer_only(protected: ProtectedService) -> None:
    issuer = protected.issue(owner="quiet")
    key = issued(issuer("POST", API_KEYS, json=NEW))
    secret = key.pop("secret")
    read = issuer("GET", f"{API_KEYS}/{key['id']}")
    assert read.json() == key
    page = issuer("GET", API_KEYS, params={"limit": "100", "owner": "quiet"})
    assert [one for one in page.json()["items"] if one["id"] == key["id"]] == [key]
    assert secret not in read.text + page.text
    assert not re.search("secret|hash|svc_", read.text + page.text)


def test_a_new_key_is_held_to_what_a_key_may_be(protected: ProtectedService) -> None:
    issuer = protected.issue(owner="strict")
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    for changed, pointer in (
        ({"name": ""}, "#/name"),
        ({"name": "x" * 101}, "#/name"),
        ({"scopes": ""}, "#/scopes"),
        ({"scopes": "users"}, "#/scopes"),
        ({"scopes": ["users:read"]}, "#/scopes"),
        ({"owner": ""}, "#/owner"),
        ({"owner": None}, "#/owner"),
        ({"expires_at": "tomorrow"}, "#/expires_at"),
        ({"secret": "svc_mine"}, "#"),
        ({"tenant": "acme"}, "#/tenant"),
        ({"id": 1}, "#/id"),
    ):
        assert pointers(issuer("POST", API_KEYS, json=NEW | changed)) == {pointer}, changed
    for changed in ({"scopes": "users:burn"}, {"expires_at": past}):
        problem(issuer("POST", API_KEYS, json=NEW | changed), 422, "validation-failed")
    assert [one["name"] for one in listed(issuer, owner="strict")] == ["Key"]


def test_a_key_ends_when_it_was_to_end(protected: ProtectedService) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.4)
    key = issued(protected.issue()("POST", API_KEYS, json=NEW | {"expires_at": soon.isoformat()}))
    assert datetime.fromisoformat(key["expires_at"]) == soon
    while datetime.now(UTC) < soon:
        answered = status_with(protected, key["secret"])
        assert answered == 200 or datetime.now(UTC) >= soon
        protected.run(asyncio.sleep(0.02))
    assert status_with(protected, key["secret"]) == 401


def test_a_key_may_do_no_more_than_its_issuer(protected: ProtectedService) -> None:
    issuer = protected.issue(*MANAGING, "users:read", owner="modest")
    refused = issuer("POST", API_KEYS, json={"name": "More", "scopes": "users:read users:delete"})
    problem(refused, 403, "forbidden")
    assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="users:delete"'
    other = issuer("POST", API_KEYS, json={"name": "Other", "scopes": "users:read", "owner": "rich"})
    problem(other, 403, "forbidden")
    assert "api-keys:admin" in other.headers["www-authenticate"]
    assert len(listed(issuer)) == 1
    same = issued(issuer("POST", API_KEYS, json={"name": "Same", "scopes": "users:read", "owner": "modest"}))
    assert same["owner"] == "modest"


def test_a_key_sees_and_changes_the_keys_of_its_owner_only(protected: ProtectedService) -> None:
    mine, other = [protected.issue(*MANAGING, owner=owner) for owner in ("mine", "theirs")]
    assert [key["id"] for key in listed(mine)] == [mine.id]
    assert listed(mine, owner="theirs") == []
    for method, path in (("GET", ""), ("POST", "/rotate"), ("DELETE", "")):
        body: dict[str, Any] | None = {} if method == "POST" else None
        problem(mine(method, f"{API_KEYS}/{other.id}{path}", json=body), 404, "not-found")
    assert [key["id"] for key in listed(other)] == [other.id]
    administrator = protected.issue(*MANAGING, "api-keys:admin")
    assert {mine.id, other.id} <= {key["id"] for key in listed(administrator)}
    assert administrator("GET", f"{API_KEYS}/{other.id}").json()["owner"] == "theirs"
    for_other = {"name": "For them", "scopes": "api-keys:read", "owner": "theirs"}
    assert issued(administrator("POST", API_KEYS, json=for_other))["owner"] == "theirs"


def test_an_administrator_of_a_tenant_sees_the_keys_of_its_tenant(protected: ProtectedService) -> None:
    here, there = [protected.issue(*MANAGING, owner="same", tenant=tenant) for tenant in ("here", "there")]
    administrator = protected.issue(*MANAGING, "api-keys:admin", tenant="here")
    assert [key["id"] for key in listed(administrator)] == [here.id, administrator.id]
    assert [key["id"] for key in listed(there)] == [there.id]
    problem(administrator("DELETE", f"{API_KEYS}/{there.id}"), 404, "not-found")
    assert issued(administrator("POST", API_KEYS, json=NEW | {"scopes": "api-keys:read"}))["tenant"] == "here"


def test_a_list_of_keys_has_pages_and_orders(protected: ProtectedService) -> None:
    holder = protected.issue(*MANAGING, owner="paging")
    for _ in range(2):
        issued(holder("POST", API_KEYS, json={"name": "Page", "scopes": "api-keys:read"}))
    # The last use of the holder's own key is recorded beside the requests.
    whole, by_one, by_two, descending = [
        [key["id"] for key in listed(holder, **query)]
        for query in ({}, {"limit": "1"}, {"limit": "2"}, {"sort": "-id"})
    ]
    assert len(whole) == 3
    assert by_one == by_two == whole
    assert descending == whole[::-1]
    problem(holder("GET", f"{API_KEYS}?sort=name"), 422, "validation-failed")
    problem(holder("GET", f"{API_KEYS}?secret={holder.secret}"), 400, "unknown-parameter")


def test_rotating_answers_a_new_secret_and_the_one_before_stays_good_for_the_overlap(
    protected: ProtectedService,
) -> None:
    issuer = protected.issue(owner="turning")
    overlapping, ended = [issued(issuer("POST", API_KEYS, json=NEW)) for _ in range(2)]
    assert [status_with(protected, key["secret"]) for key in (overlapping, ended)] == [200, 200]
    first, second = protected.together(
        issuer.answer("POST", f"{API_KEYS}/{overlapping['id']}/rotate", json={"overlap_seconds": 60}),
        issuer.answer("POST", f"{API_KEYS}/{ended['id']}/rotate", json={"overlap_seconds": 0}),
    )
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json().keys() == {*MEMBERS, "secret"}
    assert first.json()["previous_expires_at"] > first.json()["updated_at"]
    secrets = [one["secret"] for one in (overlapping, first.json(), ended, second.json())]
    assert [status_with(protected, secret) for secret in secrets] == [200, 200, 401, 200]
    thirty_days = issuer("POST", f"{API_KEYS}/{ended['id']}/rotate", json={"overlap_seconds": 2_592_000})
    assert thirty_days.status_code == 200
    for wrong in (-1, 2_592_001, 10**30, "60", 1.5, None):
        body = {"overlap_seconds": wrong}
        assert pointers(issuer("POST", f"{API_KEYS}/{ended['id']}/rotate", json=body)) == {"#/overlap_seconds"}


def test_a_revoked_key_is_refused_as_soon_as_the_revocation_is_answered(protected: ProtectedService) -> None:
    issuer = protected.issue(owner="revoking")
    key = issued(issuer("POST", API_KEYS, json=NEW))
    assert status_with(protected, key["secret"]) == 200
    leaving = protected.issue(*MANAGING, owner="leaving")
    revoked, left = protected.together(
        issuer.answer("DELETE", f"{API_KEYS}/{key['id']}"), leaving.answer("DELETE", f"{API_KEYS}/{leaving.id}")
    )
    assert (revoked.status_code, revoked.content, left.status_code) == (204, b"", 204)
    assert [status_with(protected, secret) for secret in (key["secret"], leaving.secret)] == [401, 401]
    assert issuer("GET", f"{API_KEYS}/{key['id']}").json()["revoked_at"] is not None
    problem(issuer("POST", f"{API_KEYS}/{key['id']}/rotate", json={}), 409, "api-key-ended")


def test_the_last_use_of_a_key_is_recorded(protected: ProtectedService) -> None:
    holder = protected.issue(*MANAGING, owner="used")
    before = datetime.now(UTC)
    # No request waits until it is recorded.
    listed(holder)
    protected.run(asyncio.sleep(0.1))
    used = datetime.fromisoformat(listed(holder)[0]["last_used_at"])
    assert abs(used - before) < timedelta(minutes=1)


ROUTES: tuple[tuple[str, str, object], ...] = (
    ("POST", API_KEYS, NEW), ("GET", API_KEYS, None), ("GET", f"{API_KEYS}/1", None),
    ("POST", f"{API_KEYS}/1/rotate", {}), ("DELETE", f"{API_KEYS}/1", None),
)  # fmt: skip


def test_a_route_takes_no_parameter_that_it_does_not_know(protected: ProtectedService) -> None:
    holder = protected.issue(owner="odd")
    for method, path, body in ROUTES:
        problem(holder(method, f"{path}?unknown=1", json=body), 400, "unknown-parameter")
    assert [one["id"] for one in listed(holder, owner="odd")] == [holder.id]


def test_a_route_that_answers_json_answers_nothing_else(protected: ProtectedService) -> None:
    holder = protected.issue(owner="plain")
    for method, path, body in ROUTES[:-1]:
        problem(holder(method, path, json=body, headers={"Accept": "image/png"}), 406, "not-acceptable")
    assert [one["id"] for one in listed(holder, owner="plain")] == [holder.id]


def test_routes_that_show_a_secret_take_no_idempotency_key(protected: ProtectedService) -> None:
    issuer = protected.issue(owner="again")
    key = {"Idempotency-Key": "8e03978e-40d5-43dd"}
    for path, body in ((API_KEYS, NEW), (f"{API_KEYS}/{issuer.id}/rotate", {})):
        problem(issuer("POST", path, json=body, headers=key), 400, "malformed-request")
    assert len(listed(issuer, owner="again")) == 1
    assert listed(issuer, owner="again")[0]["previous_expires_at"] is None


def test_a_credential_is_in_no_log_and_in_no_problem(
    protected: ProtectedService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    issuer = protected.issue(owner="quiet")
    answers = [
        issuer("GET", USERS), issuer("POST", USERS, json=new_user(0)), issuer("GET", f"{USERS}?cursor=forged"),
        issuer("POST", USERS, content=b"{", headers={"Content-Type": "application/json"}), issuer("PUT", USERS),
        issuer("GET", "/nothing"), issuer("GET", f"{USERS}?key={issuer.secret}"),
        issuer("POST", API_KEYS, json=NEW | {"name": issuer.secret + "x" * 100}),
        issuer("GET", USERS, headers={"Authorization": f"Bearer {issuer.secret}x"}),
        issuer("GET", USERS, headers={"Authorization": f"Basic {issuer.secret}"}),
    ]  # fmt: skip
    created = issuer("POST", API_KEYS, json=NEW)
    # The client of the test, which runs in this process, too, logs the addresses that it asks for.
    of_service = [record for record in caplog.records if not record.name.startswith("httpx2")]
    written = repr([(record.getMessage(), record.__dict__) for record in of_service])
    assert written.count("POST") >= 4
    for secret in (issuer.secret, created.json()["secret"]):
        assert secret not in written
        assert secret[4:34] not in written
        assert [answer.request for answer in answers if secret in answer.text + str(answer.headers)] == []
    assert "authorization" not in written.lower()
