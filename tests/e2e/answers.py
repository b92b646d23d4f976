"""Reading answers of the API in tests."""

import re
from typing import Any

import httpx2

REQUEST_ID = re.compile(r"[0-9a-f]{32}")
COUNTS = {"imported", "skipped", "rejected"}  # of a refused import


def problem(answer: httpx2.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem document that the API answered with, after a look at everything that such documents promise."""
    assert (answer.status_code, answer.headers.get("content-type")) == (status, "application/problem+json"), answer.text
    document: dict[str, Any] = answer.json()
    assert document.keys() - {"errors"} - COUNTS == {"type", "title", "status", "detail", "instance", "request_id"}
    assert document.keys() & COUNTS in (set(), COUNTS)
    assert document["type"] == f"/problems/{slug}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["request_id"] == answer.headers["x-request-id"]
    assert document["instance"] == f"/problems/{slug}#{document['request_id']}"
    return document


def pointers(answer: httpx2.Response) -> set[str]:
    """Where in the body the values are that were refused."""
    return {error["pointer"] for error in problem(answer, 422, "validation-failed")["errors"]}


def parameters(answer: httpx2.Response) -> set[str]:
    """The query parameters whose values were refused."""
    return {error["parameter"] for error in problem(answer, 422, "validation-failed")["errors"]}


def created(answer: httpx2.Response) -> dict[str, Any]:
    """The user that was just created."""
    assert answer.status_code == 201, answer.text
    user: dict[str, Any] = answer.json()
    return user


def create(http: httpx2.Client, email: str = "ada@example.com", name: str = "Ada Lovelace") -> dict[str, Any]:
    """Create a user, of whom the test wants to know no more than this."""
    return created(http.post("/api/v1/users", json={"email": email, "name": name}))
