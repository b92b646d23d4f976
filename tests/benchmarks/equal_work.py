"""Whether a server does the work that it is measured at, and refuses what it has to."""

import http.client
import json
import secrets
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.contenders import Server
from benchmarks.errors import BenchmarkFailed
from benchmarks.users import FILTERED_AFTER, FIRST_FILTERED
from benchmarks.works import PAGE, USERS

_NOBODY: Final = f"{USERS}/2147483647"
_FAR: Final = 5000


def check_equal_work(server: Server) -> None:
    """Ask the server for one of everything.

    Raises:
        BenchmarkFailed: It answers something else than the service does.
    """
    inquiry = _Inquiry(server)
    _check_writing(inquiry)
    for created_after, first in ((None, 1), (FILTERED_AFTER, FIRST_FILTERED)):
        inquiry.expect_page(f"created_after={created_after}" if created_after else "", first)
        filtered = f"created_after={created_after}&" if created_after else ""
        inquiry.expect_page(filtered + server.contender.after(_FAR, created_after), _FAR + 1)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    tag: str | None
    location: str | None
    body: Any


class _Inquiry:
    def __init__(self, server: Server) -> None:
        self._server = server

    def ask(self, method: str, path: str, body: object = None, tag: str | None = None) -> _Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port)
        headers = {"Content-Type": "application/json"} | ({"If-Match": tag} if tag else {})
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        answer = connection.getresponse()
        content = json.loads(answer.read() or b"null")
        connection.close()
        return _Answer(answer.status, answer.getheader("ETag"), answer.getheader("Location"), content)

    def expect(self, what: str, *, holds: bool) -> None:
        if not holds:
            raise BenchmarkFailed(
                f"{self._server.contender.name} does not do what all have to: {what};"
                f" its log ends: {self._server.last_words()}"
            )

    def expect_page(self, query: str, first: int) -> None:
        answer = self.ask("GET", f"{USERS}?limit={PAGE}&{query}")
        self.expect(f"{query or 'a list'} is 200", holds=answer.status == http.HTTPStatus.OK)
        ids = [user["id"] for user in answer.body["items"]]
        self.expect(f"{query or 'a list'} begins with {first}", holds=ids == list(range(first, first + PAGE)))


def _check_writing(inquiry: _Inquiry) -> None:
    ask, expect = inquiry.ask, inquiry.expect
    new = {"email": f"Check-{secrets.token_hex(8)}@example.com", "name": "Grace Hopper"}
    created = ask("POST", USERS, new)
    expect("creating is 201, with an entity tag", holds=created.status == 201 and created.tag is not None)
    expect("a user has five members", holds=len(created.body) == 5)
    expect("an address is kept in lower-case", holds=created.body["email"] == new["email"].lower())
    location = f"{USERS}/{created.body['id']}"
    expect("creating answers with the location", holds=created.location == location)
    expect("an address that is taken is 409", holds=ask("POST", USERS, new).status == 409)
    expect("reading answers with the same entity tag", holds=ask("GET", location).tag == created.tag)
    changed = ask("PATCH", location, {"name": "Grace"}, created.tag)
    expect("a patch with the entity tag is 200", holds=changed.status == 200 and changed.body["name"] == "Grace")
    expect("a patch answers with another entity tag", holds=changed.tag not in {None, created.tag})
    expect("an entity tag out of date is 412", holds=ask("PATCH", location, {"name": "G"}, created.tag).status == 412)
    expect("reading nobody is 404", holds=ask("GET", _NOBODY).status == 404)
    expect("a patch of nobody is 404", holds=ask("PATCH", _NOBODY, {"name": "G"}, created.tag).status == 404)
