"""Words that the tests of the contract share."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from e2e.processes import ServerProcess

USERS = "/api/v1/users"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
OCTETS = "application/octet-stream"
MERGE_PATCH = "application/merge-patch+json"
JSON = {"Content-Type": "application/json"}


def emails(http: httpx2.Client) -> list[str]:
    """The addresses of all users, in the order of their ids."""
    return [user["email"] for user in http.get(USERS, params={"limit": 100}).json()["items"]]


def new_user(number: int) -> dict[str, str]:
    """What is needed to create a user; another number is another user."""
    return {"email": f"user{number}@example.com", "name": f"User {number}"}


def lines(*users: Any) -> bytes:
    """The users as a file of NDJSON; a text stands for itself."""
    return b"".join((u if isinstance(u, str) else json.dumps(u)).encode() + b"\n" for u in users)


def import_file(
    http: httpx2.Client, content: bytes, media_type: str = NDJSON, headers: dict[str, str] | None = None, **query: str
) -> httpx2.Response:
    """Send a file of users."""
    sent = {"Content-Type": media_type, **(headers or {})}
    return http.post(f"{USERS}/import", params=query, content=content, headers=sent)


def export_file(http: httpx2.Client, media_type: str = NDJSON, **query: str) -> bytes:
    """Everybody, as a file."""
    answer = http.get(f"{USERS}/export", params=query, headers={"Accept": media_type})
    assert answer.status_code == 200, answer.text
    return answer.content


@contextmanager
def connection(server: ServerProcess) -> Iterator[socket.socket]:
    """A connection for bytes that no client library would send."""
    with server.connect() as connected:
        yield connected


def read_answer(connected: socket.socket) -> httpx2.Response:
    """The next answer on this connection, whole."""
    with http.client.HTTPResponse(connected) as read:
        read.begin()
        return httpx2.Response(read.status, headers=read.getheaders(), content=read.read())


def answer_to(server: ServerProcess, content: bytes) -> httpx2.Response:
    """What is answered to these bytes."""
    with connection(server) as connected:
        connected.sendall(content)
        return read_answer(connected)
