"""The pages that the types of problems lead to."""

import base64
import hashlib
import html
import json
import re

import httpx2
import pytest

from e2e.answers import create, problem
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from foundation.http.problems.problem import ProblemKind

KINDS = create_app(Settings(database_url="memory://")).state.problems.kinds


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_every_kind_of_problem_has_a_page_with_an_example_of_it(http: httpx2.Client, kind: ProblemKind) -> None:
    page = http.get(f"/problems/{kind.slug}")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f"<h1>{kind.title.removesuffix('.')}</h1>" in html.unescape(page.text)
    for heading in ("What happened", "What to do", "An example"):
        assert f"<h2>{heading}</h2>" in page.text
    example = re.search("<pre>(.*)</pre>", page.text, re.DOTALL)
    assert example is not None
    document = json.loads(html.unescape(example[1]))
    assert (document["type"], document["status"]) == (f"/problems/{kind.slug}", kind.status)
    assert "`" not in page.text
    assert "{" not in re.sub("<style>.*</style>|<pre>.*</pre>", "", page.text, flags=re.DOTALL)


def test_a_page_may_use_its_own_style_and_nothing_else(http: httpx2.Client) -> None:
    page = http.get("/problems/not-found")
    style = re.search("<style>(.*)</style>", page.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert page.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    assert re.search(r"style=|<script|<link|src=|url\(", page.text) is None


def test_the_type_of_a_problem_leads_to_its_page(http: httpx2.Client) -> None:
    document = problem(http.get("/nothing"), 404, "not-found")
    assert "There is nothing here" in http.get(document["type"]).text
    assert http.get(document["instance"]).status_code == 200


def test_there_is_no_page_for_a_problem_that_there_is_not(http: httpx2.Client) -> None:
    for slug in ("nothing", "NOT-FOUND", "about:blank", "not-found/x", "", "%E2%82%AC"):
        problem(http.get(f"/problems/{slug}"), 404, "not-found")


def test_a_taken_address_is_pointed_at(http: httpx2.Client) -> None:
    create(http, "ada@example.com")
    other = create(http, "other@example.com")
    error = {"pointer": "#/email", "code": "email-already-taken", "message": "Another user has this email address."}
    body = {"email": "Ada@example.com", "name": "Ada"}
    posted = problem(http.post("/api/v1/users", json=body), 409, "email-already-taken")
    patched = problem(http.patch(f"/api/v1/users/{other['id']}", json=body), 409, "email-already-taken")
    assert posted["errors"] == patched["errors"] == [error]


def test_taken_addresses_of_a_batch_are_pointed_at(http: httpx2.Client) -> None:
    create(http, "ada@example.com")
    addresses = ["new@example.com", "ada@example.com", "new@example.com"]
    items = [{"email": address, "name": "Somebody"} for address in addresses]
    refused = problem(http.post("/api/v1/users/batch", json={"items": items}), 409, "email-already-taken")
    assert [error["pointer"] for error in refused["errors"]] == ["#/items/1/email", "#/items/2/email"]


def test_a_refused_import_tells_its_counts_and_lines(http: httpx2.Client) -> None:
    create(http, "ada@example.com")
    lines = [b'{"email": "ada@example.com", "name": "Ada"}', b"{}", b'{"email": "b@example.com", "name": "B"}']
    headers = {"Content-Type": "application/x-ndjson"}
    answer = http.post("/api/v1/users/import", content=b"\n".join(lines[::2]), headers=headers)
    assert answer.status_code == 409
    document = answer.json()
    assert (document["imported"], document["skipped"], document["rejected"]) == (0, 1, 0)
    assert document["errors"] == [
        {
            "line": 1,
            "pointer": "#/email",
            "code": "email-already-taken",
            "message": "Another user has this email address.",
        }
    ]
    answer = http.post("/api/v1/users/import", content=b"\n".join(lines), headers=headers)
    assert (answer.status_code, answer.json()["rejected"]) == (422, 1)
    assert [(error["line"], error["pointer"]) for error in answer.json()["errors"]] == [(2, "#/email"), (2, "#/name")]
    assert len(http.get("/api/v1/users").json()["items"]) == 1
