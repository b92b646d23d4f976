"""Who sends a request: credentials, scopes, and the users that a policy opens to a principal."""

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from e2e.answers import problem
from e2e.processes import AUTH_MODE
from foundation.http.access.scopes import scope_of
from foundation.kernel.access.api_keys.secret import new_secret
from http_contract.protected import API_KEYS, KeyHolder, ProtectedService
from http_contract.talking import JSON, NDJSON, USERS, lines, new_user

REQUIRED = {
    ("POST", USERS): "users:write",
    ("GET", USERS): "users:read",
    ("GET", f"{USERS}/1"): "users:read",
    ("PATCH", f"{USERS}/1"): "users:write",
    ("DELETE", f"{USERS}/1"): "users:delete",
    ("POST", f"{USERS}/batch"): "users:write",
    ("POST", f"{USERS}/import"): "users:import",
    ("GET", f"{USERS}/export"): "users:export",
    ("POST", API_KEYS): "api-keys:write",
    ("GET", API_KEYS): "api-keys:read",
    ("GET", f"{API_KEYS}/1"): "api-keys:read",
    ("POST", f"{API_KEYS}/1/rotate"): "api-keys:write",
    ("DELETE", f"{API_KEYS}/1"): "api-keys:write",
}
PAGES = ("/docs", "/docs/start.js", "/problems/forbidden", "/problems/api-key-ended")
WITHOUT_AUTHENTICATION = pytest.mark.skipif(bool(os.environ.get(AUTH_MODE)), reason=f"{AUTH_MODE} says otherwise")
OPEN = ("/livez", "/readyz", "/openapi.json", *PAGES)


def strange_requests(method: str, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Addresses and options of requests to a route, each of which has more wrong with it than its credential."""
    yield path, {}
    yield f"{path}?unknown=1&unknown=2", {}
    yield f"{path}?limit=0&sort=none&cursor=forged&format=xml&on_conflict=shrug&fields=secret", {}
    yield path.replace("/1", "/2147483647"), {"headers": {"If-Match": "none", "If-None-Match": "none"}}
    yield path.replace("/1", "/9999999999"), {"headers": {"Accept": "image/png"}}
    yield path, {"headers": {"Idempotency-Key": "a b", "Prefer": "count=never"}}
    if method in {"POST", "PATCH"}:
        yield path, {"content": b"\xff{", "headers": JSON}
        yield path, {"content": b"{}" * 40_000, "headers": JSON}
        yield path, {"content": b"a", "headers": {"Content-Type": "text/strange", "Content-Encoding": "gzip"}}


def challenge(answer: httpx2.Response) -> str:
    """What the answer says about credentials."""
    header = answer.headers["www-authenticate"]
    assert header.isascii()
    return header


def unauthenticated(answer: httpx2.Response) -> str:
    """The challenge of an answer to a request that has no valid credential."""
    problem(answer, 401, "unauthenticated")
    return challenge(answer)


def routes_of(service: ProtectedService) -> dict[tuple[str, str], str | None]:
    """The scope of each route of a resource."""
    return {
        (method, str(route.path).replace("{user_id:id}", "1").replace("{api_key_id:id}", "1")): scope_of(
            route.original_route  # type: ignore[arg-type]  # those of resources are of this class
        )
        for route in iter_route_contexts(service.app.routes)
        if str(route.path).startswith("/api/v1")
        for method in route.methods or ()
        if method != "HEAD"
    }


def test_each_route_has_its_scope(protected: ProtectedService) -> None:
    assert routes_of(protected) == REQUIRED


def test_a_request_without_a_credential_is_401_whatever_else_is_wrong(protected: ProtectedService) -> None:
    for method, path in REQUIRED:
        for address, options in strange_requests(method, path):
            assert unauthenticated(protected.request(method, address, **options)) == "Bearer", (method, address)


def test_a_credential_without_the_scope_is_403_whatever_else_is_wrong(protected: ProtectedService) -> None:
    holders = {scope: protected.issue(*(set(REQUIRED.values()) - {scope})) for scope in set(REQUIRED.values())}
    for (method, path), scope in REQUIRED.items():
        for address, options in strange_requests(method, path):
            refused = holders[scope](method, address, **options)
            assert problem(refused, 403, "forbidden")["detail"] == f"The credential lacks the scope {scope}."
            assert challenge(refused) == f'Bearer error="insufficient_scope", scope="{scope}"', (method, address)


def test_a_credential_is_looked_at_before_the_body_is_read(protected: ProtectedService) -> None:
    read: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        for _ in range(100):
            read.append(b"{")
            yield b"{"

    reader = protected.issue("users:read")
    for path in (USERS, f"{USERS}/import"):
        assert unauthenticated(protected.request("POST", path, content=body(), headers=JSON)) == "Bearer"
        problem(reader("POST", path, content=body(), headers=JSON), 403, "forbidden")
    assert len(read) <= 4  # the client of the test sends the first part before it is told to


def test_a_credential_with_the_scope_is_let_through(protected: ProtectedService) -> None:
    for (method, path), scope in REQUIRED.items():
        if "api-keys" not in path:
            answer = protected.issue(scope)(method, path)
            assert answer.status_code not in {401, 403}, (method, path)
    assert protected.issue("users:write")("POST", USERS, json=new_user(0)).status_code == 201


def test_a_credential_is_sent_as_bearer(protected: ProtectedService) -> None:
    secret = protected.issue("users:read").secret
    for good in (f"Bearer {secret}", f"bearer {secret}", f"BEARER    {secret}"):
        assert protected.request("GET", USERS, headers={"Authorization": good}).status_code == 200, good
    for bad in (
        "", "Bearer", f"Basic {secret}", f"Token {secret}", secret, f"Bearer{secret}", f"Bearer\t{secret}",
        f"Bearer {secret},", f"Bearer {secret} x", f'Bearer "{secret}"', f"Bearer {secret}, Bearer {secret}",
        "Bearer é", "Bearer ===", f"Bearer token={secret}",
    ):  # fmt: skip
        refused = protected.request("GET", USERS, headers={b"Authorization": bad.encode()})
        assert 'error="invalid_token"' in unauthenticated(refused), bad
        assert secret not in refused.text


def test_two_credentials_are_401(protected: ProtectedService) -> None:
    secret = protected.issue("users:read").secret
    for first, second in ((secret, secret), (secret, "other"), ("other", secret)):
        twice = [("Authorization", f"Bearer {first}"), ("Authorization", f"Bearer {second}")]
        refused = protected.request("GET", USERS, headers=twice)
        assert "more than one Authorization header" in unauthenticated(refused)


def test_a_credential_is_as_long_as_a_header_may_be(protected: ProtectedService) -> None:
    longest = "Bearer " + "x" * (8192 - len("AuthorizationBearer "))
    for value, status, slug in ((longest, 401, "unauthenticated"), (f"{longest}x", 431, "headers-too-large")):
        refused = protected.request("GET", USERS, headers={"Authorization": value})
        problem(refused, status, slug)
        assert "x" * 100 not in refused.text + str(refused.headers)


def test_a_credential_that_is_unknown_broken_or_of_another_kind_is_401(protected: ProtectedService) -> None:
    secret = protected.issue("users:read").secret
    for bad, reason in (
        (new_secret(), "The API key is not valid."),
        (secret[:-1], "The API key is not complete. Copy it again."),
        (secret.swapcase(), "Credentials of this kind are not accepted here."),
        ("eyJhbGciOiJub25lIn0.e30.", "Credentials of this kind are not accepted here."),
    ):
        refused = protected.request("GET", USERS, headers={"Authorization": f"Bearer {bad}"})
        assert unauthenticated(refused) == f'Bearer error="invalid_token", error_description="{reason}"'
        assert refused.json()["detail"] == reason


def test_a_key_elsewhere_than_in_the_header_is_no_credential(protected: ProtectedService) -> None:
    secret = protected.issue("users:read").secret
    for name in ("access_token", "api_key", "key", "authorization"):
        assert unauthenticated(protected.request("GET", f"{USERS}?{name}={secret}")) == "Bearer"
        cookie = {"Cookie": f"{name}={secret}"}
        assert unauthenticated(protected.request("GET", USERS, headers=cookie)) == "Bearer"
    for name in ("X-API-Key", "Api-Key", "Proxy-Authorization", "X-Forwarded-Authorization"):
        assert unauthenticated(protected.request("GET", USERS, headers={name: f"Bearer {secret}"})) == "Bearer"
    form = {"content": f"access_token={secret}", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    assert unauthenticated(protected.request("POST", USERS, **form)) == "Bearer"


def test_health_and_documentation_need_no_credential(protected: ProtectedService) -> None:
    for path in OPEN:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert protected.request("GET", path, headers=headers).status_code == 200, path


def test_head_needs_what_get_needs(protected: ProtectedService) -> None:
    for path in (USERS, f"{USERS}/export", API_KEYS, f"{USERS}/1"):
        refused = protected.request("HEAD", path)
        assert (refused.status_code, refused.content, challenge(refused)) == (401, b"", "Bearer")
        assert protected.issue("users:delete")("HEAD", path).status_code == 403
    assert protected.issue("users:read")("HEAD", USERS).status_code == 200


def test_options_needs_no_credential(protected: ProtectedService) -> None:
    for path in {path for _method, path in REQUIRED}:
        answer = protected.request("OPTIONS", path)
        assert (answer.status_code, "allow" in answer.headers) == (204, True)


def test_an_idempotency_key_is_of_one_principal(protected: ProtectedService) -> None:
    first, second = [protected.issue() for _ in range(2)]
    key = {"Idempotency-Key": str(uuid4())}
    for holder, number in ((first, 0), (second, 1)):
        created = holder("POST", USERS, json=new_user(number), headers=key)
        assert (created.status_code, created.json()["email"]) == (201, new_user(number)["email"])
        assert "idempotent-replayed" not in created.headers
    again = first("POST", USERS, json=new_user(0), headers=key)
    assert (again.json()["email"], again.headers["idempotent-replayed"]) == (new_user(0)["email"], "true")


def test_a_cursor_is_of_one_principal(protected: ProtectedService) -> None:
    first, second = [protected.issue() for _ in range(2)]
    for number in range(3):
        assert first("POST", USERS, json=new_user(number)).status_code == 201
    cursor = first("GET", f"{USERS}?limit=2").json()["next_cursor"]
    problem(second("GET", f"{USERS}?limit=2&cursor={cursor}"), 400, "invalid-cursor")
    assert len(first("GET", f"{USERS}?limit=2&cursor={cursor}").json()["items"]) == 1


# The policy `own-users`


def created(service: ProtectedService, count: int) -> list[dict[str, Any]]:
    """So many users, created by an administrator."""
    administrator = service.issue()
    return [administrator("POST", USERS, json=new_user(number)).json() for number in range(count)]


def seen(holder: KeyHolder) -> list[dict[str, Any]]:
    """The users that are in every kind of answer about several: they must agree."""
    page = holder("GET", USERS, headers={"Prefer": "count=exact"}).json()
    exported = holder("GET", f"{USERS}/export").text.splitlines()
    assert page["total"] == len(page["items"]) == len(exported)
    items: list[dict[str, Any]] = page["items"]
    return items


def test_a_user_sees_itself_and_an_administrator_all(own_users: ProtectedService) -> None:
    users = created(own_users, 3)
    reading = ("users:read", "users:export")
    assert seen(own_users.issue(*reading, owner=str(users[1]["id"]))) == [users[1]]
    assert seen(own_users.issue(*reading, "users:admin", owner=str(users[1]["id"]))) == users
    for owner in (None, "0", "01", "+1", "99999999999", "2147483647", "user0@example.com"):
        assert seen(own_users.issue(*reading, owner=owner)) == []


def test_a_list_has_what_can_be_read_one_by_one(own_users: ProtectedService) -> None:
    users = created(own_users, 4)
    for owner in [*(str(user["id"]) for user in users), None]:
        for scopes in ((), ("users:admin",)):
            holder = own_users.issue("users:read", "users:export", *scopes, owner=owner)
            read = [holder("GET", f"{USERS}/{user['id']}") for user in users]
            assert seen(holder) == [answer.json() for answer in read if answer.status_code == 200]
            assert {answer.status_code for answer in read} <= {200, 404}


def test_pages_and_filters_reveal_no_hidden_user(own_users: ProtectedService) -> None:
    users = created(own_users, 4)
    holder = own_users.issue(owner=str(users[2]["id"]))
    limited = own_users.issue("users:read", owner=str(users[2]["id"]))
    for sort in ("id", "-id", "created_at", "-updated_at"):
        page = limited("GET", f"{USERS}?limit=1&sort={sort}")
        assert (page.json(), "link" in page.headers) == ({"items": [users[2]], "next_cursor": None}, False)
    hidden = limited("GET", f"{USERS}?email={users[0]['email']}", headers={"Prefer": "count=exact"}).json()
    assert hidden == {"items": [], "next_cursor": None, "total": 0}
    assert holder("GET", f"{USERS}?email={users[0]['email']}").json()["items"] == [users[0]]


def test_another_user_is_404_to_a_user_whatever_is_to_be_done(own_users: ProtectedService) -> None:
    mine, other = created(own_users, 2)
    scopes = ("users:read", "users:write", "users:delete")
    holder = own_users.issue(*scopes, owner=str(mine["id"]))
    nowhere = problem(holder("GET", f"{USERS}/2147483647"), 404, "not-found")
    for method, options in (
        ("GET", {}), ("PATCH", {"json": {"name": "Mine now"}}), ("PATCH", {"json": {}}), ("DELETE", {}),
        ("GET", {"headers": {"If-None-Match": "*"}}), ("DELETE", {"headers": {"If-Match": '"0-0"'}}),
        ("PATCH", {"json": {"name": "Mine now"}, "headers": {"If-Match": "*"}}),
    ):  # fmt: skip
        hidden = problem(holder(method, f"{USERS}/{other['id']}", **options), 404, "not-found")
        assert {name: hidden[name] for name in ("type", "title", "detail")} == {
            name: nowhere[name] for name in ("type", "title", "detail")
        }
    assert own_users.issue("users:read", "users:admin")("GET", f"{USERS}/{other['id']}").json() == other


def test_a_user_changes_and_deletes_itself(own_users: ProtectedService) -> None:
    mine, other = created(own_users, 2)
    holder = own_users.issue("users:read", "users:write", "users:delete", owner=str(mine["id"]))
    assert holder("PATCH", f"{USERS}/{mine['id']}", json={"name": "Ada King"}).json()["name"] == "Ada King"
    problem(holder("PATCH", f"{USERS}/{mine['id']}", json={"email": other["email"]}), 409, "email-already-taken")
    assert holder("DELETE", f"{USERS}/{mine['id']}").status_code == 204
    problem(holder("GET", f"{USERS}/{mine['id']}"), 404, "not-found")


def test_only_an_administrator_creates_users(own_users: ProtectedService) -> None:
    [mine] = created(own_users, 1)
    scopes = ("users:read", "users:write", "users:import")
    holder, administrator = [own_users.issue(*scopes, *more, owner=str(mine["id"])) for more in ((), ("users:admin",))]
    requests: tuple[tuple[str, dict[str, Any]], ...] = (
        (USERS, {"json": new_user(1)}),
        (f"{USERS}/batch", {"json": {"items": [new_user(2)]}}),
        (f"{USERS}/import", {"content": lines(new_user(3)), "headers": {"Content-Type": NDJSON}}),
    )
    for path, options in requests:
        refused = holder("POST", path, **options)
        problem(refused, 403, "forbidden")
        assert challenge(refused) == 'Bearer error="insufficient_scope", scope="users:admin"'
    assert seen_ids(own_users) == [mine["id"]]
    assert [administrator("POST", path, **options).status_code for path, options in requests] == [201, 201, 200]
    assert len(seen_ids(own_users)) == 4


def seen_ids(service: ProtectedService) -> list[int]:
    """The ids of all users."""
    return [user["id"] for user in seen(service.issue())]


# Without authentication


@WITHOUT_AUTHENTICATION
def test_without_authentication_an_authorization_header_is_passed_over(http: httpx2.Client) -> None:
    for value in ("Bearer svc_broken", "Basic YTpi", "nonsense", ""):
        assert http.get(USERS, headers={"Authorization": value}).status_code == 200
    assert http.post(USERS, json=new_user(0), headers={"Authorization": f"Bearer {new_secret()}"}).status_code == 201


@WITHOUT_AUTHENTICATION
def test_without_authentication_there_are_no_routes_of_keys(http: httpx2.Client) -> None:
    for method, path in REQUIRED:
        if path.startswith(API_KEYS):
            problem(http.request(method, path), 404, "not-found")
