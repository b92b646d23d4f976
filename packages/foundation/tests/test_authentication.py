"""The foundation asks who sends a request, for a resource of which it knows nothing."""

import math
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx2
import openapi_spec_validator
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response

from foundation.http.access import authentication
from foundation.http.access.access_control import forbidden
from foundation.http.access.authentication import (
    MAX_CREDENTIAL_LENGTH,
    Authentication,
    CredentialAuthenticator,
    rejected,
)
from foundation.http.access.limits import Limiters, RequestLimits
from foundation.http.access.scopes import scope_of, scoped
from foundation.http.application import Resource, build_application
from foundation.http.problems.problem import Problem
from foundation.kernel.access.credentials import CredentialRejected, CredentialUnverifiable
from foundation.kernel.access.policy import Forbidden
from foundation.kernel.access.principal import Principal, PrincipalKind, current_principal
from foundation.kernel.errors import StorageUnavailable
from foundation.kernel.rate_limit import RateLimit, WorkerRateLimiter
from foundation.memory.storage import InMemoryReadiness
from foundation.settings import ServiceSettings
from shelves import SHELVES

pytestmark = pytest.mark.anyio

PATH = "/v1/rooms"


class Tickets:
    """An authenticator of credentials that begin with a prefix and name what happens to them."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.asked: list[str] = []
        self.known: set[str] = set()
        self.good = 0.0

    def takes(self, credential: str) -> bool:
        return credential.startswith(self._prefix)

    def knows(self, credential: str) -> bool:
        return credential in self.known

    def good_until(self, _credential: str) -> float:
        return self.good

    async def authenticate(self, credential: str) -> Principal:
        self.asked.append(credential)
        match credential.removeprefix(self._prefix):
            case "away":
                raise CredentialUnverifiable
            case "down":
                raise StorageUnavailable
            case "bad":
                raise CredentialRejected("It was torn.")
            case scope:
                return Principal(PrincipalKind.TOKEN, credential, frozenset({scope.replace(".", ":")}))


router = APIRouter(prefix="/rooms")


@router.get("", **scoped("rooms:read", summary="List rooms"))
async def list_rooms() -> Response:
    """List rooms: the answer is who asks."""
    return Response(current_principal().name)


@router.post("", **scoped("rooms:write", summary="Add a room"))
async def add_room() -> Response:
    """Add a room, which a rule forbids."""
    raise Forbidden("The house is full.")


ROOMS = Resource(tag="rooms", description="Rooms.", routers=[router])


async def nothing_to_close() -> None:
    """Nothing was opened."""


def application(
    *resources: Resource,
    authenticators: Sequence[CredentialAuthenticator] = (),
    limiters: Limiters | None = None,
    **settings: Any,
) -> FastAPI:
    return build_application(
        title="house",
        version="1",
        info={"summary": "A house."},
        prefix="/v1",
        resources=resources,
        settings=ServiceSettings(database_url="memory://", **settings),
        container=object(),
        readiness=InMemoryReadiness(),
        authenticators=authenticators,
        limiters=limiters,
        background_tasks={},
        close=nothing_to_close,
    )


@pytest.fixture
def tickets() -> tuple[Tickets, Tickets]:
    """Two kinds of tickets, of which the first takes what begins with the prefix of the second, too."""
    return Tickets("t-x-"), Tickets("t-")


@pytest.fixture
async def http(tickets: tuple[Tickets, Tickets]) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(application(ROOMS, authenticators=tickets))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


async def test_the_principal_of_the_credential_carries_out_the_use_case(http: httpx2.AsyncClient) -> None:
    assert (await http.get(PATH, headers=bearer("t-rooms.read"))).text == "token:t-rooms.read"
    refused = await http.get(PATH, headers=bearer("t-rooms.write"))
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")


async def test_the_first_authenticator_that_takes_a_credential_decides(
    http: httpx2.AsyncClient, tickets: tuple[Tickets, Tickets]
) -> None:
    first, second = tickets
    refused = await http.get(PATH, headers=bearer("t-x-bad"))
    assert (refused.status_code, refused.json()["detail"]) == (401, "It was torn.")
    assert (first.asked, second.asked) == (["t-x-bad"], [])
    assert (await http.get(PATH, headers=bearer("other"))).status_code == 401
    assert (first.asked, second.asked) == (["t-x-bad"], [])


async def test_a_credential_that_cannot_be_verified_is_503(http: httpx2.AsyncClient) -> None:
    for credential, slug in (("t-away", "authentication-unavailable"), ("t-down", "storage-unavailable")):
        answer = await http.get(PATH, headers=bearer(credential))
        assert (answer.status_code, answer.json()["type"]) == (503, f"/problems/{slug}")
        assert int(answer.headers["retry-after"]) >= 1
        assert "www-authenticate" not in answer.headers


async def test_what_a_rule_forbids_is_403_with_its_sentence(http: httpx2.AsyncClient) -> None:
    refused = await http.post(PATH, headers=bearer("t-rooms.write"))
    assert (refused.status_code, refused.json()["detail"]) == (403, "The house is full.")
    assert "www-authenticate" not in refused.headers


def test_what_a_rule_forbids_for_want_of_a_scope_names_the_scope() -> None:
    problem = forbidden(Forbidden("Only administrators.", scope="rooms:admin"))
    assert problem.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="rooms:admin"'


async def test_a_credential_has_at_most_8192_bytes() -> None:
    assert MAX_CREDENTIAL_LENGTH == 8192
    by_tickets = Authentication([Tickets("t-")], RequestLimits(Limiters()))
    longest = "t-".ljust(MAX_CREDENTIAL_LENGTH - len("Bearer "), "x")
    assert (await principal_of(by_tickets, longest)).id == longest
    with pytest.raises(Problem) as refused:
        await principal_of(by_tickets, f"{longest}x")
    assert refused.value.kind.status == 401
    assert longest[:100] not in str(refused.value.headers)


async def principal_of(asked: Authentication, credential: str) -> Principal:
    return await asked.principal(request_with(credential))


def request_with(*credentials: str, header: str = "authorization") -> Request:
    """A request with these credentials, and with other headers around them."""
    sent = [(header.encode(), f"Bearer {credential}".encode()) for credential in credentials]
    return Request({"type": "http", "headers": [(b"host", b"localhost"), *sent, (b"accept", b"*/*")]})


class TimedAuthentication:
    """Authentication by tickets that are good for ten seconds, at a moment that tests choose."""

    def __init__(self) -> None:
        self.now = 100.0
        self._tickets = Tickets("t-")
        self._authentication = Authentication([self._tickets], RequestLimits(Limiters()), lambda: self.now)

    async def verify(self, credential: str) -> None:
        self._tickets.good = self.now + 10
        await principal_of(self._authentication, credential)

    def recognizes(self, *credentials: str, header: str = "authorization") -> bool:
        principal = self._authentication.recognized(request_with(*credentials, header=header))
        assert principal is None or principal.id == credentials[-1]
        return principal is not None


async def test_a_credential_that_is_good_for_a_while_is_verified_once(
    http: httpx2.AsyncClient, tickets: tuple[Tickets, Tickets]
) -> None:
    _, second = tickets
    second.good = math.inf
    for _ in range(3):
        assert (await http.get(PATH, headers=bearer("t-rooms.read"))).text == "token:t-rooms.read"
    assert second.asked == ["t-rooms.read"]
    refused = await http.post(PATH, headers=bearer("t-rooms.read"))
    assert refused.status_code == 403


async def test_a_credential_is_recognized_until_its_time_has_come() -> None:
    timed = TimedAuthentication()
    assert not timed.recognizes("t-ada")
    await timed.verify("t-ada")
    timed.now = 109.999
    assert timed.recognizes("t-ada")
    assert not timed.recognizes("t-bea")
    assert not timed.recognizes()
    timed.now = 110.0
    assert not timed.recognizes("t-ada")
    await timed.verify("t-ada")
    assert timed.recognizes("t-ada")


async def test_a_credential_is_recognized_in_its_header_only_and_alone() -> None:
    timed = TimedAuthentication()
    for credential in ("t-ada", "t-bea"):
        await timed.verify(credential)
    assert not timed.recognizes("t-ada", header="x-authorization")
    assert not timed.recognizes("t-ada", "t-bea")
    assert not timed.recognizes("t-other", "t-ada")


async def test_a_credential_in_use_is_not_locked_out_by_failed_attempts() -> None:
    tickets = Tickets("t-")
    tickets.known.add("t-used")
    limits = RequestLimits(Limiters(of_failures=WorkerRateLimiter(RateLimit(1, 60))))
    asked = Authentication([tickets], limits)
    for credential, status in (("t-bad", 401), ("t-bad", 429), ("t-new", 429), ("other", 429)):
        with pytest.raises(Problem) as refused:
            await principal_of(asked, credential)
        assert refused.value.kind.status == status, credential
    assert (await principal_of(asked, "t-used")).id == "t-used"


@pytest.mark.parametrize("mount", ["", "/house"])  # below a mount, FastAPI itself calls the dependencies
async def test_without_authentication_every_route_is_open(mount: str) -> None:
    transport = httpx2.ASGITransport(application(ROOMS), root_path=mount)
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://localhost{mount}") as client:
        assert (await client.get(PATH)).text == "anonymous"
        assert (await client.post(PATH)).json()["detail"] == "The house is full."


async def test_without_authentication_addresses_are_counted_all_the_same() -> None:
    limiters = Limiters(by_address=WorkerRateLimiter(RateLimit(1, 60)))
    transport = httpx2.ASGITransport(application(ROOMS, limiters=limiters))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answers = [await client.get(PATH) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[0].text == "anonymous"


async def test_the_credential_that_was_verified_first_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert authentication._MOST_RECOGNIZED == 10_000
    monkeypatch.setattr(authentication, "_MOST_RECOGNIZED", 3)
    timed = TimedAuthentication()
    for credential in ("t-a", "t-b", "t-c", "t-a", "t-d"):
        await timed.verify(credential)
    assert [one for one in ("t-a", "t-b", "t-c", "t-d") if timed.recognizes(one)] == ["t-a", "t-c", "t-d"]


def test_the_reason_of_a_rejection_can_be_quoted_in_a_header() -> None:
    for error in (CredentialRejected, CredentialRejected("It was torn.")):
        sentence = str(error()) if isinstance(error, type) else str(error)
        assert not set('"\\') & set(sentence)
        assert f'error_description="{sentence}"' in rejected(sentence).headers["WWW-Authenticate"]


async def something_first() -> None:
    """A dependency that would come before the scope."""


def without_scope(router: APIRouter) -> None:
    router.get("/open")(list_rooms)


def without_scope_below(router: APIRouter) -> None:
    inner = APIRouter(prefix="/inner")
    inner.get("/open")(list_rooms)
    router.include_router(inner)


def with_a_dependency_before_the_scope(router: APIRouter) -> None:
    router.dependencies.append(Depends(something_first))
    router.get("/late", **scoped("rooms:read"))(list_rooms)


def of_another_kind(router: APIRouter) -> None:
    router.add_route("/plain", lambda _request: Response())


def mounted(router: APIRouter) -> None:
    router.mount("/files", FastAPI())


@pytest.mark.parametrize(
    "add", [without_scope, without_scope_below, with_a_dependency_before_the_scope, of_another_kind, mounted]
)
@pytest.mark.parametrize("authenticators", [[], [Tickets("t-")]])
def test_a_route_that_declares_no_scope_first_stops_the_start(add: Any, authenticators: list[Tickets]) -> None:
    planted = APIRouter(prefix="/planted")
    planted.get("/closed", **scoped("rooms:read"))(list_rooms)
    resource = Resource(tag="planted", description="Planted.", routers=[planted])
    application(resource, authenticators=authenticators)
    add(planted)
    with pytest.raises(ValueError, match="declares no scope"):
        application(resource, authenticators=authenticators)


def test_a_scope_is_the_first_dependency_of_its_route() -> None:
    planted = APIRouter()
    planted.get("/", **scoped("rooms:read", dependencies=[Depends(something_first)]))(list_rooms)
    [route] = planted.routes
    assert scope_of(route) == "rooms:read"  # type: ignore[arg-type]  # the router makes routes of this class


def operations_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for path, methods in document["paths"].items()
        if path.startswith("/v1/")
        for operation in methods.values()
    ]


def test_settings_that_ask_for_credentials_need_authenticators() -> None:
    """A service that is put together wrongly does not start, rather than let everything in."""
    with pytest.raises(ValueError, match="there are no authenticators"):
        application(SHELVES, auth_mode="api-keys")


def test_the_document_has_the_scope_of_each_operation_and_the_answers_without_it() -> None:
    document = application(SHELVES, authenticators=[Tickets("t-")]).openapi()
    openapi_spec_validator.validate(document)
    assert list(document["components"]["securitySchemes"]) == ["Bearer"]
    needed = {operation["operationId"]: operation["security"] for operation in operations_of(document)}
    assert needed["list_shelves"] == [{"Bearer": ["shelves:read"]}]
    assert needed["delete_shelf"] == [{"Bearer": ["shelves:delete"]}]
    for operation in operations_of(document):
        assert {"401", "403", "503"} <= operation["responses"].keys()
    assert "security" not in document["paths"]["/livez"]["get"]
    assert "401" not in document["paths"]["/readyz"]["get"]["responses"]
    assert "x-scope" not in str(document)


def test_without_authentication_the_document_mentions_none_of_it() -> None:
    document = application(SHELVES).openapi()
    openapi_spec_validator.validate(document)
    del document["paths"]["/problems/{slug}"]  # the pages of all kinds are there
    for word in ("security", "Bearer", "unauthenticated", "forbidden", "x-scope", "WWW-Authenticate", "401", "403"):
        assert word not in str(document), word
