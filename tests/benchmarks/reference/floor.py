"""The floor: a bare asyncio protocol with httptools, one connection of asyncpg and orjson, on uvloop.

About the least that Python can do for the same answers: no framework, no ASGI server, no pool. Requests are sequential:
one task takes them from a queue in the order in which they were complete, and each waits until the one before it is
answered. So this program's CPU per request is what to compare with, and its throughput is not that of a server with a
pool. `python floor.py PORT`; DSN is read from the environment.
"""

import asyncio
import os
import sys
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeAlias, cast
from urllib.parse import parse_qsl

import asyncpg  # type: ignore[import-untyped]  # it has none
import httptools
import orjson
import uvloop

_PATH: Final = b"/api/v1/users"
_MAX_PAGE: Final = 100
_MAX_EMAIL_LENGTH: Final = 254
_MAX_NAME_LENGTH: Final = 200

_GET: Final = "SELECT id, email, name, created_at, updated_at FROM users WHERE id = $1"
_LIST: Final = "SELECT id, email, name, created_at, updated_at FROM users WHERE id > $1 ORDER BY id LIMIT $2"
_LIST_CREATED_AFTER: Final = (
    "SELECT id, email, name, created_at, updated_at FROM users WHERE id > $1 AND created_at > $2 ORDER BY id LIMIT $3"
)
_CREATE: Final = "INSERT INTO users (email, name) VALUES ($1, $2) RETURNING id, email, name, created_at, updated_at"
_UPDATE: Final = (
    "UPDATE users SET email = coalesce($1, email), name = coalesce($2, name), updated_at = now() "
    "WHERE id = $3 AND updated_at = $4 RETURNING id, email, name, created_at, updated_at"
)
_EXISTS: Final = "SELECT FROM users WHERE id = $1"

_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}

Answer: TypeAlias = tuple[int, bytes, dict[str, Any]]
"""The status, more lines of the head, and what the body is made of."""


class Request(NamedTuple):
    """A whole request, and where its answer goes."""

    method: bytes
    target: bytes
    tag: bytes
    body: bytes
    keep_alive: bool
    transport: asyncio.Transport


Requests: TypeAlias = "asyncio.Queue[Request]"


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


class Client(asyncio.Protocol):
    """A connection of a client, whose requests join the queue."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to parse."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        """A request begins: the parser calls this and the following."""
        self._target = self._tag = self._body = b""

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        if name.lower() == b"if-match":
            self._tag = value

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """The request is whole."""
        parser = self._parser
        request = Request(
            parser.get_method(), self._target, self._tag, self._body, parser.should_keep_alive(), self._transport
        )
        self._requests.put_nowait(request)


class Users:
    """The table, by prepared statements on one connection. `ready` comes before anything else."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def ready(self) -> None:
        """Prepare the statements."""
        # A page of users with times as PostgreSQL writes them takes two thirds of what asyncpg's datetimes take.
        await self._connection.set_type_codec("timestamptz", schema="pg_catalog", encoder=str, decoder=str)
        prepare = self._connection.prepare
        self._get, self._exists = await prepare(_GET), await prepare(_EXISTS)
        self._list, self._list_created_after = await prepare(_LIST), await prepare(_LIST_CREATED_AFTER)
        self._create, self._update = await prepare(_CREATE), await prepare(_UPDATE)

    async def answer(self, request: Request) -> Answer:
        """Answer the request.

        Raises:
            _Refused: It is not answered with success.
        """
        method = request.method
        path, _, query = request.target.partition(b"?")
        if path == _PATH:
            if method == b"GET":
                return await self._page(query)
            if method == b"POST":
                return await self._new(_content(request))
            raise _Refused(405)
        start, _, id_ = path.rpartition(b"/")
        if start != _PATH or not id_.isdigit():
            raise _Refused(404)
        if method == b"GET":
            return await self._one(int(id_))
        if method == b"PATCH":
            return await self._changed(int(id_), _content(request), request.tag)
        raise _Refused(405)

    async def _one(self, user_id: int) -> Answer:
        rows = await self._get.fetch(user_id)
        if not rows:
            raise _Refused(404)
        return 200, _tag(rows[0]), _user(rows[0])

    async def _page(self, query_string: bytes) -> Answer:
        query = dict(parse_qsl(query_string.decode()))
        try:
            limit, after = int(query.get("limit", "50")), int(query.get("after", "0"))
        except ValueError:
            raise _Refused(422) from None
        if not 1 <= limit <= _MAX_PAGE:
            raise _Refused(422)
        if "created_after" in query:
            rows = await self._list_created_after.fetch(after, query["created_after"], limit + 1)
        else:
            rows = await self._list.fetch(after, limit + 1)
        more = len(rows) > limit
        return 200, b"", {"items": [_user(row) for row in rows[:limit]], "next": rows[limit - 1][0] if more else None}

    async def _new(self, content: dict[str, Any]) -> Answer:
        try:
            (row,) = await self._create.fetch(_email(content.get("email")), _name(content.get("name")))
        except asyncpg.UniqueViolationError:
            raise _Refused(409) from None
        return 201, b"%blocation: %b/%d\r\n" % (_tag(row), _PATH, row[0]), _user(row)

    async def _changed(self, user_id: int, content: dict[str, Any], tag: bytes) -> Answer:
        email = _email(content["email"]) if "email" in content else None
        name = _name(content["name"]) if "name" in content else None
        try:
            rows = await self._update.fetch(email, name, user_id, tag.decode().strip('"'))
        except asyncpg.UniqueViolationError:
            raise _Refused(409) from None
        except (asyncpg.InvalidDatetimeFormatError, asyncpg.DatetimeFieldOverflowError):
            raise _Refused(412) from None
        if not rows:
            raise _Refused(412 if await self._exists.fetch(user_id) else 404)
        return 200, _tag(rows[0]), _user(rows[0])


async def serve(port: int) -> None:
    """Answer requests, one after the other, until the process ends."""
    users = Users(await asyncpg.connect(os.environ["DSN"], server_settings={"timezone": "UTC"}))
    await users.ready()
    requests: Requests = asyncio.Queue()
    await asyncio.get_running_loop().create_server(lambda: Client(requests), "127.0.0.1", port)
    while True:
        await _respond(await requests.get(), users)


async def _respond(request: Request, users: Users) -> None:
    try:
        status, lines, content = await users.answer(request)
    except _Refused as refused:
        status, lines, content = refused.status, b"", {"detail": "refused"}
    except asyncpg.DataError:
        # A number that no column holds, or a time that is none.
        status, lines, content = 422, b"", {"detail": "refused"}
    body = orjson.dumps(content)
    if request.transport.is_closing():
        return
    request.transport.write(
        b"%b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n%b"
        % (_STATUS_LINES[status], len(body), lines, body)
    )
    if not request.keep_alive:
        request.transport.close()


def _content(request: Request) -> dict[str, Any]:
    try:
        content = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise _Refused(422) from None
    if not isinstance(content, dict):
        raise _Refused(422)
    return content


def _email(value: object) -> str:
    if not (isinstance(value, str) and len(value) <= _MAX_EMAIL_LENGTH and "@" in value):
        raise _Refused(422)
    return value.lower()


def _name(value: object) -> str:
    if not (isinstance(value, str) and 1 <= len(value) <= _MAX_NAME_LENGTH):
        raise _Refused(422)
    return value


def _user(row: asyncpg.Record) -> dict[str, Any]:
    id_, email, name, created_at, updated_at = row
    return {
        "id": id_,
        "email": email,
        "name": name,
        "created_at": _time(created_at),
        "updated_at": _time(updated_at),
    }


def _tag(row: asyncpg.Record) -> bytes:
    return b'etag: "%b"\r\n' % _time(row[4]).encode()


def _time(text: str) -> str:
    """As JSON has it, of '2025-01-01 00:00:00.123457+00'."""
    return f"{text[:10]}T{text[11:-3]}Z"


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
