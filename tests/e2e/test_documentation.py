"""The OpenAPI document as it is served, and the page that shows it; what is in it is tested in `tests/openapi`."""

import re
from html.parser import HTMLParser

import httpx2
import pytest

from e2e.processes import ServerProcess


def test_the_document_is_served(http: httpx2.Client) -> None:
    answer = http.get("/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json()["info"]["title"] == "fastapi-service"


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


def test_the_page_keeps_no_credential(http: httpx2.Client) -> None:
    # Swagger UI forgets what is entered with the page, unless it is told to put it into the storage of the browser.
    assert "persistAuthorization" not in http.get("/docs/start.js").text


def test_the_documentation_can_be_turned_off(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("server")
    with (
        ServerProcess(directory, DATABASE_URL="memory://", DOCS_ENABLED="false") as server,
        server.client() as http,
    ):
        statuses = [http.get(path).status_code for path in ("/docs", "/docs/start.js", "/openapi.json", "/livez")]
    assert statuses == [404, 404, 404, 200]
