"""Problem documents in the OpenAPI document: their schema, an example of each kind, and the answers made of them."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from foundation.http.openapi.headers import HEADER_COMPONENTS, header
from foundation.http.problems import kinds
from foundation.http.problems.problem import PROBLEM_MEDIA_TYPE, Problem, ProblemKind, problem_document

_SLUG: Final = "[a-z]+(?:-[a-z]+)*"
_REQUEST_ID: Final = "[A-Za-z0-9._-]{1,128}"
_EXAMPLE_ID: Final = "5f2b9a0c7d1e4f6a8b3c2d1e0f9a8b7c"
# The member of an answer that names the component which it becomes: see `sharing`.
COMPONENT: Final = "x-component"
# More than a batch of a hundred items has, with ten errors each.
_MAX_ERRORS: Final = 1000
_MAX_SENTENCE_LENGTH: Final = 1000


def _count(description: str) -> dict[str, Any]:
    return {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**53 - 1, "description": description}


def _sentence(description: str) -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": r"^[^\x00-\x1f\x7f]+$",
        "maxLength": _MAX_SENTENCE_LENGTH,
        "description": description,
    }


_ERROR_SCHEMA: Final = {
    "type": "object",
    "description": "What is wrong with one value. No value is repeated here.",
    "required": ["code", "message"],
    "properties": {
        "pointer": {
            "type": "string",
            "pattern": "^#(?:/(?:[a-z_]+|[0-9]+))*$",
            "maxLength": 200,
            "description": "Where the value is in the body, or in the line: a JSON pointer (RFC 6901, section 6).",
            "examples": ["#/name", "#/items/3/name"],
        },
        "parameter": {
            "type": "string",
            "pattern": "^[a-z_]+$",
            "maxLength": 100,
            "description": "The query parameter that has the value.",
            "examples": ["limit"],
        },
        "line": {
            "type": "integer",
            "format": "int32",
            "minimum": 1,
            "maximum": 2**31 - 1,
            "description": "The line of an imported file, counted from 1.",
        },
        "code": {
            "type": "string",
            "pattern": f"^{_SLUG}$",
            "maxLength": 100,
            "description": "What is wrong, for programs.",
            "examples": ["text-too-long"],
        },
        "message": _sentence("What is wrong, for people."),
    },
}
_PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "The kind of problem, for programs. It is also the address of a page that explains it.",
        },
        "title": _sentence("The kind of problem, for people."),
        "status": {
            "type": "integer",
            "format": "int32",
            "minimum": 400,
            "maximum": 599,
            "description": "The status of the answer.",
        },
        "detail": _sentence("What happened here, or what to do about it."),
        "instance": {
            "type": "string",
            "format": "uri-reference",
            "pattern": f"^/problems/{_SLUG}#{_REQUEST_ID}$",
            "maxLength": 300,
            "description": "This occurrence: the page of the kind, and the id of the request.",
        },
        "request_id": {
            "type": "string",
            "pattern": f"^{_REQUEST_ID}$",
            "maxLength": 128,
            "description": "The id of the request, as in X-Request-Id.",
        },
        "errors": {
            "type": "array",
            "minItems": 1,
            "maxItems": _MAX_ERRORS,
            "items": {"$ref": "#/components/schemas/FieldError"},
            "description": "What is wrong with which value, where that can be said.",
        },
        "imported": _count("Of a refused import: 0, because nothing was kept."),
        "skipped": _count("Of a refused import: how many lines have a value that is taken."),
        "rejected": _count("Of a refused import: how many lines are not valid."),
    },
}


def problem_schemas(catalogue: Iterable[ProblemKind]) -> dict[str, Any]:
    """The schemas of problem documents of these kinds."""
    type_ = {**_PROBLEM_SCHEMA["properties"]["type"], "enum": [f"/problems/{kind.slug}" for kind in catalogue]}
    properties = {**_PROBLEM_SCHEMA["properties"], "type": type_}
    # The one kind that no operation of the document is answered with, since it is for methods that are not in it.
    examples = [_example(kinds.METHOD_NOT_ALLOWED)]
    return {
        "FieldError": _ERROR_SCHEMA,
        "Problem": {**_PROBLEM_SCHEMA, "properties": properties, "examples": examples},
    }


def problem_examples(catalogue: Iterable[ProblemKind]) -> dict[str, Any]:
    """An example of each kind of problem, by its slug, written by the code that writes the real ones."""
    return {kind.slug: {"summary": kind.title, "value": _example(kind)} for kind in catalogue}


def problem_answers(met: Iterable[ProblemKind]) -> dict[int | str, dict[str, Any]]:
    """The answers by status. Each admits the kinds given, and no other of its status."""
    by_status: dict[int | str, list[ProblemKind]] = {}
    # Sorted, so that equal answers are written equally.
    for kind in sorted(set(met), key=lambda kind: (kind.status, kind.slug)):
        by_status.setdefault(kind.status, []).append(kind)
    return {status: _answer(same) for status, same in by_status.items()}


def _example(kind: ProblemKind) -> Any:
    return json.loads(problem_document(Problem(kind, errors=kind.example_errors), _EXAMPLE_ID))


def _answer(met: Sequence[ProblemKind]) -> dict[str, Any]:
    slugs = [kind.slug for kind in met]
    narrowed = {
        "type": {"enum": [f"/problems/{slug}" for slug in slugs]},
        "status": {"type": "integer", "format": "int32", "const": met[0].status},
    }
    return {
        COMPONENT: "-or-".join(slugs),
        "description": " ".join(kind.title for kind in met),
        "headers": _headers(met),
        "content": {
            PROBLEM_MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem", "properties": narrowed},
                "examples": {slug: {"$ref": f"#/components/examples/{slug}"} for slug in slugs},
            }
        },
    }


def _headers(met: Sequence[ProblemKind]) -> dict[str, Any]:
    if all(kind.transient for kind in met):
        return header("Retry-After")
    if any(kind.transient for kind in met):
        return {"Retry-After": {**HEADER_COMPONENTS["Retry-After"], "required": False}}
    if kinds.UNAUTHENTICATED in met:
        return {"WWW-Authenticate": {**HEADER_COMPONENTS["WWW-Authenticate"], "required": True}}
    if kinds.FORBIDDEN in met:
        return header("WWW-Authenticate")
    return {}
