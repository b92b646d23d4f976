"""What the document says of the API keys that can be issued is what the service issues."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from application.unit_of_work import SCOPES
from http_contract.protected import API_KEYS, ProtectedService

NEW = {"name": "Nightly export", "scopes": "users:read"}


@pytest.fixture(scope="module")
def protected() -> Iterator[ProtectedService]:
    with ProtectedService("memory://") as service:
        yield service


@pytest.fixture(scope="module")
def described(protected: ProtectedService) -> dict[str, Any]:
    """The members of a new key, as the document describes them."""
    members: dict[str, Any] = protected.app.openapi()["components"]["schemas"]["IssueApiKey"]["properties"]
    return members


def test_the_examples_are_those_of_a_key_that_can_be_issued(
    protected: ProtectedService, described: dict[str, Any]
) -> None:
    example = {name: member["examples"][0] for name, member in described.items()}
    assert example.keys() == {"name", "scopes", "owner", "expires_at"}
    answer = protected.issue()("POST", API_KEYS, json=example)
    assert answer.status_code == 201, answer.text
    assert {name: answer.json()[name] for name in example} == example


def test_the_scopes_of_the_service_are_admitted_and_no_others(
    protected: ProtectedService, described: dict[str, Any]
) -> None:
    def status(scopes: str) -> int:
        return protected.issue()("POST", API_KEYS, json={**NEW, "scopes": scopes}).status_code

    admitted = re.compile(described["scopes"]["pattern"])
    for scopes in (" ".join(sorted(SCOPES)), "users:read", " users:read\t\nusers:write\r\n"):
        assert (bool(admitted.fullmatch(scopes)), status(scopes)) == (True, 201), scopes
    for scopes in ("", " ", "things:read", "users:read,users:write", "users:readusers:write", "users:reads"):
        assert (bool(admitted.fullmatch(scopes)), status(scopes)) == (False, 422), scopes


def test_an_owner_is_any_text_that_can_be_seen(protected: ProtectedService, described: dict[str, Any]) -> None:
    assert described["owner"]["type"] == "string"
    answer = protected.issue()("POST", API_KEYS, json={**NEW, "owner": "unset"})
    assert (answer.status_code, answer.json()["owner"]) == (201, "unset")
