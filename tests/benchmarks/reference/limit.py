"""The limit: a bare ASGI function, psycopg's pool of asynchronous connections and orjson, without a framework.

As little as an ASGI application with a pool can do for the same answers: nobody would maintain a service like this.
DSN and POOL_SIZE are read from the environment.
"""

import os
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

import orjson
from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Scope: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]

_PATH: Final = "/api/v1/users"
_MAX_PAGE: Final = 100
_MAX_EMAIL_LENGTH: Final = 254
_MAX_NAME_LENGTH: Final = 200

_SIZE: Final = int(os.environ["POOL_SIZE"])
_POOL: Final = AsyncConnectionPool[AsyncConnection[TupleRow]](
    os.environ["DSN"], min_size=_SIZE, max_size=_SIZE, kwargs={"autocommit": True}, open=False
)

_GET: Final = "SELECT id, email, name, created_at, updated_at FROM users WHERE id = %s"
_LIST: Final = "SELECT id, email, name, created_at, updated_at FROM users WHERE id > %s ORDER BY id LIMIT %s"
_LIST_CREATED_AFTER: Final = (
    "SELECT id, email, name, created_at, updated_at FROM users WHERE id > %s AND created_at > %s ORDER BY id LIMIT %s"
)
_CREATE: Final = "INSERT INTO users (email, name) VALUES (%s, %s) RETURNING id, email, name, created_at, updated_at"
_UPDATE: Final = (
    "UPDATE users SET email = coalesce(%s, email), name = coalesce(%s, name), updated_at = now() "
    "WHERE id = %s AND updated_at = %s RETURNING id, email, name, created_at, updated_at"
)
_EXISTS: Final = "SELECT FROM users WHERE id = %s"


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    try:
        status, headers, content = await _answer(scope, receive)
    except _Refused as refused:
        status, headers, content = refused.status, (), {"detail": "refused"}
    body = orjson.dumps(content, option=orjson.OPT_UTC_Z)
    fields = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    await receive()
    await _POOL.open(wait=True)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await _POOL.close()
    await send({"type": "lifespan.shutdown.complete"})


async def _answer(scope: Scope, receive: Receive) -> tuple[int, Headers, dict[str, Any]]:
    method, path = scope["method"], scope["path"]
    if path == _PATH:
        if method == "GET":
            return await _list(scope["query_string"])
        if method == "POST":
            return await _create(await _body(receive))
        raise _Refused(405)
    start, _, id_ = path.rpartition("/")
    if start != _PATH or not id_.isdecimal():
        raise _Refused(404)
    if method == "GET":
        return await _get(int(id_))
    if method == "PATCH":
        return await _update(int(id_), await _body(receive), scope["headers"])
    raise _Refused(405)


async def _get(user_id: int) -> tuple[int, Headers, dict[str, Any]]:
    row = await _row(_GET, user_id)
    if row is None:
        raise _Refused(404)
    return 200, (_tag(row),), _user(row)


async def _list(query_string: bytes) -> tuple[int, Headers, dict[str, Any]]:
    query = dict(parse_qsl(query_string.decode()))
    try:
        limit, after = int(query.get("limit", "50")), int(query.get("after", "0"))
        created_after = datetime.fromisoformat(query["created_after"]) if "created_after" in query else None
    except ValueError:
        raise _Refused(422) from None
    if not 1 <= limit <= _MAX_PAGE:
        raise _Refused(422)
    async with _POOL.connection() as connection:
        if created_after is None:
            cursor = await connection.execute(_LIST, (after, limit + 1))
        else:
            cursor = await connection.execute(_LIST_CREATED_AFTER, (after, created_after, limit + 1))
        rows = await cursor.fetchall()
    more = len(rows) > limit
    return 200, (), {"items": [_user(row) for row in rows[:limit]], "next": rows[limit - 1][0] if more else None}


async def _create(body: dict[str, Any]) -> tuple[int, Headers, dict[str, Any]]:
    try:
        row = await _row(_CREATE, _email(body.get("email")), _name(body.get("name")))
    except UniqueViolation:
        raise _Refused(409) from None
    assert row is not None
    return 201, (_tag(row), (b"location", f"{_PATH}/{row[0]}".encode())), _user(row)


async def _update(user_id: int, body: dict[str, Any], headers: Headers) -> tuple[int, Headers, dict[str, Any]]:
    email = _email(body["email"]) if "email" in body else None
    name = _name(body["name"]) if "name" in body else None
    tag = next((value for field, value in headers if field == b"if-match"), b"").decode()
    try:
        row = await _row(_UPDATE, email, name, user_id, datetime.fromisoformat(tag.strip('"')))
    except ValueError:
        raise _Refused(412) from None
    except UniqueViolation:
        raise _Refused(409) from None
    if row is None:
        raise _Refused(404 if await _row(_EXISTS, user_id) is None else 412)
    return 200, (_tag(row),), _user(row)


async def _row(statement: str, *parameters: object) -> TupleRow | None:
    async with _POOL.connection() as connection:
        cursor = await connection.execute(statement, parameters)
        return await cursor.fetchone()


async def _body(receive: Receive) -> dict[str, Any]:
    content, more = b"", True
    while more:
        message = await receive()
        content += message.get("body", b"")
        more = message.get("more_body", False)
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise _Refused(422) from None
    if not isinstance(body, dict):
        raise _Refused(422)
    return body


def _email(value: object) -> str:
    if not (isinstance(value, str) and len(value) <= _MAX_EMAIL_LENGTH and "@" in value):
        raise _Refused(422)
    return value.lower()


def _name(value: object) -> str:
    if not (isinstance(value, str) and 1 <= len(value) <= _MAX_NAME_LENGTH):
        raise _Refused(422)
    return value


def _user(row: TupleRow) -> dict[str, Any]:
    id_, email, name, created_at, updated_at = row
    return {"id": id_, "email": email, "name": name, "created_at": created_at, "updated_at": updated_at}


def _tag(row: TupleRow) -> tuple[bytes, bytes]:
    return b"etag", f'"{row[4].isoformat()}"'.encode()
