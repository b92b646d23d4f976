"""The foundation serves a resource of which it knows nothing, with fields of every kind."""

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx2
import openapi_spec_validator
import pytest
from fastapi import FastAPI

from foundation.http.application import build_application
from foundation.kernel.errors import AlreadyTaken, NotFound, ReferenceNotFound, StillReferenced
from foundation.kernel.idempotency import Outcome
from foundation.kernel.pagination import Page, Position
from foundation.kernel.unset import UNSET
from foundation.kernel.versions import check_version
from foundation.memory.storage import InMemoryReadiness
from foundation.settings import ServiceSettings
from foundation.testing.clocks import MICROSECOND, NOON
from shelves import SHELVES, ShelfFilter, ShelfSort, ShelfView

pytestmark = pytest.mark.anyio

SHELF = {"label": "A1", "material": "oak", "width": "80.50", "room": 7}
PATH = "/v1/shelves"
REFERENCED = 99
MISSING = 98


class LabelTaken(AlreadyTaken):
    """Another shelf has the label."""


class RoomNotFound(ReferenceNotFound):
    """The shelf is to be in a room that does not exist."""

    code = "room-not-found"
    attribute = "room"


class Shelves:
    """What a service has in its application and its adapters."""

    def __init__(self) -> None:
        self._kept: dict[int, ShelfView] = {}
        self.asked: list[tuple[object, ...]] = []

    async def create(self, new: dict[str, Any], key: object) -> Outcome[ShelfView]:
        assert key is None
        if any(shelf.label == new["label"] for shelf in self._kept.values()):
            raise LabelTaken("Another shelf has this label.")
        if new["room"] == MISSING:
            raise RoomNotFound("There is no such room.")
        number = len(self._kept) + 1
        self._kept[number] = ShelfView(id=number, **new, created_at=NOON, updated_at=NOON)
        return Outcome(self._kept[number])

    async def get(self, number: int) -> ShelfView:
        if number not in self._kept:
            raise NotFound("There is no such shelf.")
        return self._kept[number]

    async def list(
        self, where: ShelfFilter, sort: ShelfSort, limit: int, after: Position | None, *, count: bool
    ) -> Page[ShelfView]:
        self.asked.append((where, sort, limit, after, count))
        shelves = tuple(self._kept.values())
        return Page(shelves, Position(shelves[-1].width, 1), total=len(shelves) if count else None)  # type: ignore[arg-type]

    async def update(self, number: int, changes: dict[str, Any], expected: Any) -> ShelfView:
        shelf = await self.get(number)
        check_version(shelf.updated_at, expected)
        given = {name: value for name, value in changes.items() if value is not UNSET}
        self._kept[number] = shelf._replace(**given, updated_at=shelf.updated_at + MICROSECOND)
        return self._kept[number]

    async def delete(self, number: int, expected: Any) -> None:
        if number == REFERENCED:
            raise StillReferenced("A book stands on this shelf.")
        check_version((await self.get(number)).updated_at, expected)
        del self._kept[number]


class Container:
    """The providers that the routes ask for."""

    def __init__(self) -> None:
        self._shelves = Shelves()

    def shelves(self) -> Shelves:
        return self._shelves


async def nothing_to_close() -> None:
    """Nothing was opened."""


def service(container: Container) -> FastAPI:
    return build_application(
        title="shelves",
        version="1",
        info={"summary": "Shelves."},
        prefix="/v1",
        resources=[SHELVES],
        settings=ServiceSettings(database_url="memory://", require_if_match=True),
        container=container,
        readiness=InMemoryReadiness(),
        background_tasks={},
        close=nothing_to_close,
    )


@pytest.fixture
def container() -> Container:
    return Container()


@pytest.fixture
async def http(container: Container) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(service(container))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_it_is_created_with_what_was_sent_and_with_defaults(http: httpx2.AsyncClient) -> None:
    created = await http.post(PATH, json=SHELF)
    assert created.status_code == 201
    assert created.headers["location"] == f"{PATH}/1"
    times = dict.fromkeys(("created_at", "updated_at"), "2025-12-16T12:00:00.000000Z")
    assert created.json() == {"id": 1, **SHELF, "movable": False, "note": None, **times}
    assert (await http.get(created.headers["location"])).json() == created.json()
    held = await http.get(f"{PATH}/1", headers={"If-None-Match": created.headers["etag"]})
    assert held.status_code == 304


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("material", "pine", "unknown-value"),
        ("material", None, "not-a-string"),
        ("width", 80.5, "not-a-string"),
        ("width", "1e2", "invalid-decimal"),
        ("width", "80.505", "invalid-decimal"),
        ("width", "12345.0", "invalid-decimal"),
        ("width", "+1", "invalid-decimal"),
        ("width", "-1", "invalid-decimal"),
        ("movable", "true", "not-a-boolean"),
        ("movable", 1, "not-a-boolean"),
        ("room", True, "not-an-integer"),
        ("room", 7.5, "not-an-integer"),
        ("room", 1e300, "not-an-integer"),
        ("room", "7", "not-an-integer"),
        ("room", 100, "invalid-value"),
        ("note", 1, "not-a-string"),
    ],
)
async def test_a_value_of_another_kind_is_refused(
    http: httpx2.AsyncClient, field: str, value: object, code: str
) -> None:
    refused = await http.post(PATH, json={**SHELF, field: value})
    assert refused.status_code == 422
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [(f"#/{field}", code)]


async def test_null_takes_away_only_what_may_be_missing(http: httpx2.AsyncClient) -> None:
    tag = (await http.post(PATH, json={**SHELF, "note": "Dusty."})).headers["etag"]
    refused = await http.patch(f"{PATH}/1", json={"label": None}, headers={"If-Match": tag})
    assert refused.status_code == 422
    kept = await http.patch(f"{PATH}/1", json={"width": "9"}, headers={"If-Match": tag})
    assert (kept.json()["note"], kept.json()["width"]) == ("Dusty.", "9")
    taken = await http.patch(f"{PATH}/1", json={"note": None}, headers={"If-Match": kept.headers["etag"]})
    assert taken.json()["note"] is None
    assert (await http.delete(f"{PATH}/1", headers={"If-Match": tag})).status_code == 412
    assert (await http.delete(f"{PATH}/1")).status_code == 428
    assert (await http.delete(f"{PATH}/1", headers={"If-Match": taken.headers["etag"]})).status_code == 204
    assert (await http.get(f"{PATH}/1")).status_code == 404


async def test_an_integer_may_be_written_with_a_point(http: httpx2.AsyncClient) -> None:
    json_type = {"Content-Type": "application/json"}
    created = await http.post(PATH, content=json.dumps(SHELF).replace("7", "7.0"), headers=json_type)
    assert (created.status_code, created.json()["room"]) == (201, 7)


async def test_an_error_that_http_was_told_nothing_of_has_the_problem_of_its_family(http: httpx2.AsyncClient) -> None:
    await http.post(PATH, json=SHELF)
    taken = await http.post(PATH, json=SHELF)
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/already-taken")
    assert taken.json()["detail"] == "Another shelf has this label."
    assert "must be unique" in (await http.get(taken.json()["type"])).text
    kept = await http.delete(f"{PATH}/{REFERENCED}", headers={"If-Match": "*"})
    assert (kept.status_code, kept.json()["type"]) == (409, "/problems/still-referenced")
    nowhere = await http.post(PATH, json=SHELF | {"label": "A2", "room": MISSING})
    assert (nowhere.status_code, nowhere.json()["type"]) == (409, "/problems/reference-not-found")
    assert [(error["pointer"], error["code"]) for error in nowhere.json()["errors"]] == [("#/room", "room-not-found")]


async def test_a_list_continues_where_its_cursor_says(http: httpx2.AsyncClient, container: Container) -> None:
    await http.post(PATH, json=SHELF)
    query = {"sort": "-width", "material": "oak"}
    page = await http.get(PATH, params=query, headers={"Prefer": "count=exact"})
    assert page.json()["total"] == 1
    await http.get(page.headers["link"].partition(">")[0][1:])
    first, second = container.shelves().asked
    assert first[:2] == second[:2] == (ShelfFilter(material="oak"), ShelfSort.WIDTH_DESCENDING)  # type: ignore[arg-type]
    assert (first[3], second[3]) == (None, Position(Decimal("80.50"), 1))  # type: ignore[arg-type]
    other = await http.get(PATH, params={**query, "material": "steel", "cursor": page.json()["next_cursor"]})
    assert other.json()["type"] == "/problems/invalid-cursor"


def test_it_is_described_with_its_problems_and_no_others(container: Container) -> None:
    document = service(container).openapi()
    openapi_spec_validator.validate(document)
    body = document["components"]["schemas"]["UpdateShelf"]
    assert "default" not in str(body)
    assert [one["type"] for one in body["properties"]["note"]["anyOf"]] == ["string", "null"]
    assert "already-taken" in document["components"]["examples"]
    assert "409" in document["paths"][f"{PATH}/{{shelf_id}}"]["delete"]["responses"]
    assert {tag["name"] for tag in document["tags"]} == {"shelves", "health", "documentation"}
    assert asyncio.run(answered(container, "OPTIONS", f"{PATH}/1")) == 204


async def answered(container: Container, method: str, path: str) -> int:
    transport = httpx2.ASGITransport(service(container))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return (await client.request(method, path)).status_code
