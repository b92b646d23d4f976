"""Makes the whole document of what FastAPI has put together from the routes."""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from threading import Lock
from typing import Any, Final, TypeAlias

from fastapi import FastAPI

from foundation.http.openapi.headers import HEADER_COMPONENTS, ON_EVERY_ANSWER, REQUEST_HEADERS
from foundation.http.openapi.problem_answers import COMPONENT, problem_answers, problem_examples, problem_schemas
from foundation.http.openapi.security import declare_security
from foundation.http.openapi.sharing import share
from foundation.http.problems import kinds
from foundation.http.problems.problem import ProblemKind
from foundation.http.requests.body import OCTETS
from foundation.setting_values import AuthMode

Json: TypeAlias = dict[str, Any]
JSON: Final = "application/json"
_ACCEPTED: Final = {"post": "Accept-Post", "patch": "Accept-Patch"}
# What FastAPI's own arguments cannot say, or would say with members that are null.
_CONVENTIONS: Final = """\
- Every status of 400 and above is answered by a problem document (RFC 9457). Its `type` leads to a page about it.
- Every answer has an `X-Request-Id`, under which the service logs the request.
- Unknown and repeated query parameters are refused, and so are unknown fields, since silence hides typing errors.
- `HEAD` is answered wherever `GET` is, and `OPTIONS` everywhere; neither is repeated here.
"""
_SERVER: Final = {
    "description": "The service that serves this document, wherever it runs: local, staging or production.",
    "x-internal": True,
}
_TAGS: Final = (
    {"name": "health", "description": "Liveness and readiness, for load balancers and supervisors."},
    {"name": "documentation", "description": "This document, and pages for people."},
)


def install_openapi(
    app: FastAPI,
    *,
    info: Mapping[str, Any] | None = None,
    tags: Sequence[Mapping[str, str]] = (),
    referred: Collection[str] = (),
    catalogue: Sequence[ProblemKind] = kinds.GENERAL_KINDS,
    public_path: str = "",
    credentials: Collection[AuthMode] | None = None,
    limited: bool = False,
    scopes: Collection[str] = (),
) -> None:
    """Let `app.openapi()` be the whole document, made when it is first asked for.

    `info` and `tags` are the service's own members of the document; `referred` are the tags of the resources that other
    resources refer to; `catalogue` has the problems that the service may answer; `public_path` is where a proxy
    publishes it; `credentials` are the kinds that operations ask for, None where they ask for none, and empty where
    AUTH_MODE names none of them; `limited` says whether requests are counted; `scopes` are all that credentials may
    have.
    """
    of_the_routes = app.openapi

    one_at_a_time = Lock()  # it is made beside the event loop, by whichever thread is the first

    def whole() -> Json:
        with one_at_a_time:
            return made()

    @cache
    def made() -> Json:
        document = of_the_routes()
        declare_security(document, catalogue, credentials=credentials, limited=limited, scopes=scopes)
        _say_what_is_still_referenced(document["paths"], referred)
        document = _described(document, catalogue)
        document["servers"] = [{**_SERVER, "url": public_path or "/"}]
        document["info"] |= {"description": _CONVENTIONS, **(info or {})}
        document["tags"] = [*map(dict, tags), *map(dict, _TAGS)]
        return document

    app.openapi = whole  # type: ignore[method-assign]  # the way that FastAPI documents


def _described(document: Json, catalogue: Sequence[ProblemKind]) -> Json:
    """The document with headers and problems, and with components for what is said repeatedly.

    HEAD and OPTIONS are left out: they would double what readers see and what generated clients have.
    """
    for operations in document["paths"].values():
        _correct_what_fastapi_presumes(operations)
        _say_what_is_taken_instead(operations)
        _show_files_as_bytes(operations)
        _add_headers_of_every_answer(operations)
    _drop_links_that_lead_nowhere(document["paths"])
    answered = _answered(document["paths"], catalogue)
    document.setdefault("components", {}).setdefault("schemas", {}).update(problem_schemas(answered))
    document["components"]["examples"] = problem_examples(answered)
    document["components"]["headers"] = dict(HEADER_COMPONENTS)
    share(document)
    return document


def _answered(paths: Json, catalogue: Sequence[ProblemKind]) -> list[ProblemKind]:
    """The kinds of problems that an operation is answered with, or a method that an address does not have."""
    text = json.dumps(paths)
    met = {kind for kind in catalogue if f'"#/components/examples/{kind.slug}"' in text}
    return [kind for kind in catalogue if kind in met | {kinds.METHOD_NOT_ALLOWED}]


def _drop_links_that_lead_nowhere(paths: Json) -> None:
    """A resource does not have every operation that `ResourceOperations` links to."""
    operations = [operation for methods in paths.values() for operation in methods.values()]
    known = {operation["operationId"] for operation in operations}
    for answer in (answer for operation in operations for answer in operation["responses"].values()):
        if "links" in answer:
            answer["links"] = {name: link for name, link in answer["links"].items() if link["operationId"] in known}


def _correct_what_fastapi_presumes(operations: Json) -> None:
    """Where a route declares no 422, FastAPI declares an error of its own, and beside other content JSON of any form.

    The first is a problem document where FastAPI reads values, and never answered where it reads a path and our code
    the rest. The second is never answered, and generated clients would take a page or a file for it.
    """
    for operation in operations.values():
        answers = operation["responses"]
        for content in (answer["content"] for answer in answers.values() if len(answer.get("content", ())) > 1):
            if content.get(JSON) == {"schema": {}} or content.get(JSON) == {}:
                del content[JSON]
        if list(answers.get("422", {}).get("content", {})) == [JSON]:
            del answers["422"]
            given = [one for one in operation.get("parameters", []) if one["in"] != "path"]
            if "requestBody" in operation or any(one["name"] not in REQUEST_HEADERS for one in given):
                answers["422"] = problem_answers({kinds.VALIDATION_FAILED})[422]


def _add_headers_of_every_answer(operations: Json) -> None:
    for operation in operations.values():
        for answer in operation["responses"].values():
            answer["headers"] = {**ON_EVERY_ANSWER, **answer.get("headers", {})}


def _say_what_is_taken_instead(operations: Json) -> None:
    """An unsupported media type is answered with those that the method takes."""
    for method, name in _ACCEPTED.items():
        answer = operations.get(method, {}).get("responses", {}).get("415")
        if answer is not None:
            answer["headers"] |= {name: {**HEADER_COMPONENTS[name], "required": True}}
            answer[COMPONENT] += f"-by-{method}"


def _show_files_as_bytes(operations: Json) -> None:
    """Of a file that may be sent in several ways, generated clients send bytes: see `operations.file_body`."""
    for body in (operation["requestBody"] for operation in operations.values() if "requestBody" in operation):
        if OCTETS in body["content"]:
            body["content"] = {OCTETS: body["content"][OCTETS]}


def _say_what_is_still_referenced(paths: Json, referred: Collection[str]) -> None:
    for operations in paths.values():
        if not set(referred).isdisjoint(operations.get("delete", {}).get("tags", ())):
            conflict = problem_answers({kinds.STILL_REFERENCED})[409]
            operations["delete"]["responses"]["409"] = conflict
