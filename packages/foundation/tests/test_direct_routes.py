"""The direct way answers as FastAPI's own, and is left where it must be."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Header, HTTPException, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from foundation.http.routing.direct_routes import DirectRoutes

LOG: list[str] = []


class Refused(Exception):
    """Has a handler."""


async def first(request: Request) -> str:
    LOG.append("first")
    return request.method


async def second(before: Annotated[str, Depends(first)]) -> str:
    LOG.append("second")
    return f"{before}, second"


async def never_the_same() -> int:
    LOG.append("anew")
    return len(LOG)


async def word(word: str) -> str:
    if word == "refused":
        raise Refused
    if word == "gone":
        raise HTTPException(410)
    return word.upper()


async def yielding() -> AsyncIterator[str]:
    yield "yielded"


def synchronous() -> str:
    return "in a thread"


router = APIRouter(prefix="/inner", dependencies=[Depends(first)])


@router.get("/words/{word}")
async def plain(
    shouted: Annotated[str, Depends(word)],
    after: Annotated[str, Depends(second)],
    again: Annotated[str, Depends(first)],
    *,
    one: Annotated[int, Depends(never_the_same, use_cache=False)],
    two: Annotated[int, Depends(never_the_same, use_cache=False)],
    word: str,
) -> Response:
    return Response(f"{shouted} {after} {again} {two - one} {word}")


@router.post("/words/{word}")
async def same_path(word: str) -> Response:
    return Response(f"posted {word}")


@router.get("/yielding")
async def with_yield(what: Annotated[str, Depends(yielding)]) -> Response:
    return Response(what)


@router.get("/thread")
async def with_thread(what: Annotated[str, Depends(synchronous)]) -> Response:
    return Response(what)


@router.get("/header")
async def with_header(user_agent: Annotated[str, Header()]) -> Response:
    return Response(user_agent)


@router.get("/query")
async def with_query(page: int) -> Response:
    return Response(str(page))


@router.get("/number/{number}")
async def with_number(number: int) -> Response:
    return Response(str(number + 1))


@router.get("/converted/{number:int}")
async def with_convertor(number: int) -> Response:
    return Response(str(number + 1))


@router.get("/tasks")
async def with_tasks(tasks: BackgroundTasks) -> Response:
    tasks.add_task(LOG.append, "task")
    return Response("soon")


@router.get("/model")
async def with_model() -> dict[str, int]:
    return {"answer": 42}


@router.get("/blocking")
def blocking() -> Response:
    return Response("in a thread")


async def refused(_request: Request, _error: Exception) -> Response:
    return Response("refused", 418)


class Watched:
    """The rest of the application, and whether it was asked."""

    def __init__(self, app: ASGIApp, *, asked: list[str]) -> None:
        self._app = app
        self._asked = asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._asked.append(scope["path"])
        await self._app(scope, receive, send)


def service(*, direct: bool, asked: list[str] | None = None) -> FastAPI:
    app = FastAPI()
    app.include_router(router, prefix="/outer")
    app.add_exception_handler(Refused, refused)
    app.add_middleware(Watched, asked=[] if asked is None else asked)
    if direct:
        app.add_middleware(DirectRoutes, routes=app.routes)
    return app


def ask(app: FastAPI, method: str, path: str) -> tuple[int, dict[str, str], str, list[str]]:
    async def asking() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path)

    LOG.clear()
    answer = asyncio.run(asking())
    return answer.status_code, dict(answer.headers), answer.text, list(LOG)


PLAIN = ["GET /outer/inner/words/hello", "GET /outer/inner/words/refused", "GET /outer/inner/words/gone"]
OTHERS = [
    *[f"GET /outer/inner/{name}" for name in ("yielding", "thread", "header", "query?page=1", "query?page=x")],
    *[f"GET /outer/inner/{name}" for name in ("number/1", "number/x", "converted/1", "tasks", "model", "blocking")],
    "PUT /outer/inner/words/hello",
    "OPTIONS /outer/inner/words/hello",
    "GET /outer/inner/nothing",
    "GET /outer/inner/words/hello/",
]


@pytest.mark.parametrize("request_", [*PLAIN, "POST /outer/inner/words/hello", *OTHERS])
def test_the_direct_way_answers_as_the_other(request_: str) -> None:
    method, path = request_.split()
    assert ask(service(direct=True), method, path) == ask(service(direct=False), method, path)


@pytest.mark.parametrize("request_", PLAIN)
def test_a_plain_route_is_served_directly(request_: str) -> None:
    asked: list[str] = []
    ask(service(direct=True, asked=asked), *request_.split())
    assert not asked


@pytest.mark.parametrize("request_", OTHERS)
def test_what_is_not_plain_is_left_to_fastapi(request_: str) -> None:
    asked: list[str] = []
    ask(service(direct=True, asked=asked), *request_.split())
    assert asked


def test_an_overridden_dependency_is_overridden() -> None:
    app = service(direct=True)
    app.dependency_overrides[word] = lambda: "instead"
    assert ask(app, "GET", "/outer/inner/words/hello")[2].startswith("instead GET, second")


def test_an_error_that_nobody_handles_is_raised() -> None:
    app = service(direct=True)
    del app.exception_handlers[Refused]
    with pytest.raises(Refused):
        ask(app, "GET", "/outer/inner/words/refused")


def test_below_a_mount_the_direct_way_is_left() -> None:
    outside = FastAPI()
    outside.mount("/mounted", service(direct=True))
    assert ask(outside, "GET", "/mounted/outer/inner/words/hello")[2].startswith("HELLO")
