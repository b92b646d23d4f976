"""Pages of other origins may call the service from a browser if they are named, and only then."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from http_contract.talking import USERS

pytestmark = [pytest.mark.anyio, pytest.mark.fewer_storages("no storage is asked")]

APP = "https://app.example.com"
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization, if-match"}


def client_of(**settings: str) -> httpx2.AsyncClient:
    app = create_app(Settings(_env_file=None, database_url="memory://", **settings))  # type: ignore[arg-type]  # texts, as in the environment
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost")


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """A service that one origin may call."""
    async with client_of(cors_allowed_origins=f"{APP},http://localhost:3000") as client:
        yield client


async def test_a_page_of_a_named_origin_may_read_answers(http: httpx2.AsyncClient) -> None:
    answer = await http.get(USERS, headers={"Origin": APP})
    assert answer.headers["access-control-allow-origin"] == APP
    assert answer.headers["vary"] == "Origin"
    assert set(answer.headers["access-control-expose-headers"].split(", ")) == {
        "ETag", "Idempotent-Replayed", "Link", "Location", "Preference-Applied", "RateLimit", "RateLimit-Policy",
        "Retry-After", "WWW-Authenticate", "X-Request-Id",
    }  # fmt: skip
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_refusal_can_be_read_as_well(http: httpx2.AsyncClient) -> None:
    answer = await http.get(f"{USERS}/7", headers={"Origin": APP})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (404, APP)


async def test_a_preflight_says_what_a_page_may_send(http: httpx2.AsyncClient) -> None:
    answer = await http.options(f"{USERS}/7", headers={"Origin": APP, **PREFLIGHT})
    assert answer.status_code == 200
    methods = set(answer.headers["access-control-allow-methods"].split(", "))
    assert methods == {"GET", "HEAD", "POST", "PATCH", "DELETE"}
    sent = set(answer.headers["access-control-allow-headers"].split(", "))
    # Beside those that pages may always send (Fetch Standard, 2.2.2).
    assert sent - {"Accept", "Accept-Language", "Content-Language"} == {
        "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Prefer", "X-Request-Id",
    }  # fmt: skip
    assert answer.headers["access-control-max-age"] == "600"


@pytest.mark.parametrize(
    "origin",
    ["https://app.example.com.evil.example", "http://app.example.com", f"{APP}:8443", f"{APP}/", "null", "*", ""],
)
async def test_another_origin_is_told_nothing(http: httpx2.AsyncClient, origin: str) -> None:
    for answer in (
        await http.get(USERS, headers={"Origin": origin}),
        await http.options(USERS, headers={"Origin": origin, **PREFLIGHT}),
    ):
        assert [name for name in answer.headers if name.startswith("access-control")] == []


async def test_two_origins_are_none(http: httpx2.AsyncClient) -> None:
    answer = await http.get(USERS, headers=[("Origin", APP), ("Origin", APP)])
    assert "access-control-allow-origin" not in answer.headers


async def test_without_the_setting_no_origin_may() -> None:
    async with client_of() as client:
        assert "access-control-allow-origin" not in (await client.get(USERS, headers={"Origin": APP})).headers
