"""The OpenAPI document and the page that shows it."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest
from fastapi.openapi.models import OpenAPI

from e2e.processes import ServerProcess

ROUTES = {
    "/api/v1/users": {"get", "post"},
    "/api/v1/users/{user_id}": {"get", "patch", "delete"},
    "/livez": {"get"},
    "/readyz": {"get"},
}


@pytest.fixture
def document(http: httpx2.Client) -> dict[str, Any]:
    """The OpenAPI document."""
    read: dict[str, Any] = http.get("/openapi.json").json()
    return read


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for member in node.values():
            yield from references(member)
    elif isinstance(node, list):
        for member in node:
            yield from references(member)


def test_the_document_lists_every_route(document: dict[str, Any]) -> None:
    assert {path: set(methods) for path, methods in document["paths"].items()} == ROUTES


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert OpenAPI.model_validate(document).info.title == "fastapi-service"
    ids = [operation["operationId"] for _path, _method, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    for path, _method, operation in operations(document):
        names = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert names == set(re.findall(r"{(\w+)}", path))


def test_every_reference_in_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        node = document
        assert reference.startswith("#/")
        for part in reference[2:].split("/"):
            node = node[part]


def test_every_error_in_the_document_is_a_problem(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        errors = {status: one for status, one in operation["responses"].items() if status[0] not in "23"}
        assert "default" in errors, (method, path)
        for one in errors.values():
            assert list(one["content"]) == ["application/problem+json"], (method, path)


def test_the_document_says_what_is_sent(document: dict[str, Any]) -> None:
    users, user = document["paths"]["/api/v1/users"], document["paths"]["/api/v1/users/{user_id}"]
    assert list(users["post"]["requestBody"]["content"]) == ["application/json"]
    assert list(user["patch"]["requestBody"]["content"]) == ["application/merge-patch+json", "application/json"]
    queries = {one["name"] for one in users["get"]["parameters"] if one["in"] == "query"}
    assert queries == {"limit", "cursor", "sort", "email", "created_after", "created_before"}
    for method, header in (("get", "If-None-Match"), ("patch", "If-Match"), ("delete", "If-Match")):
        assert header in {one["name"] for one in user[method]["parameters"] if one["in"] == "header"}


class _Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.found += [value or "" for name, value in attrs if name in {"src", "href", "action"}]


def test_the_page_loads_nothing_from_another_host(http: httpx2.Client) -> None:
    page = http.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "//" not in page.text
    addresses = _Addresses()
    addresses.feed(page.text)
    assert len(addresses.found) >= 3
    media_types = {"js": "text/javascript", "css": "text/css", "png": "image/png"}
    for address in addresses.found:
        asset = http.get(page.url.join(address))
        assert asset.status_code == 200, address
        assert asset.content
        assert asset.headers["content-type"].startswith(media_types[address.rpartition(".")[2]])


def test_the_policy_of_the_page_lets_it_reach_its_own_host_only(http: httpx2.Client) -> None:
    policy = http.get("/docs").headers["content-security-policy"]
    directives = {name: sources for name, *sources in (part.split() for part in policy.split(";"))}
    assert directives["default-src"] == ["'none'"]
    assert directives["script-src"] == ["'self'"]
    assert directives["connect-src"] == ["'self'"]
    elsewhere = {source for sources in directives.values() for source in sources} - {"'none'", "'self'"}
    assert elsewhere == {"'unsafe-inline'", "data:"}


def test_the_page_shows_the_document_of_its_own_host(http: httpx2.Client) -> None:
    script = http.get("/docs/start.js").text
    url = re.search(r'url: "([^"]+)"', script)
    assert url
    assert http.get(http.get("/docs").url.join(url[1])).json()["openapi"]


def test_the_documentation_can_be_turned_off(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("server")
    with (
        ServerProcess(directory, DATABASE_URL="memory://", DOCS_ENABLED="false") as server,
        server.client() as http,
    ):
        statuses = [http.get(path).status_code for path in ("/docs", "/docs/start.js", "/openapi.json", "/livez")]
    assert statuses == [404, 404, 404, 200]
