"""Problem documents in the OpenAPI document: their schema, an example of each kind, and the answers made of them."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from foundation.http.openapi.headers import HEADER_COMPONENTS, header
from foundation.http.problems.problem import (
    PASSING,
    PROBLEM_MEDIA_TYPE,
    FieldError,
    Problem,
    ProblemKind,
    problem_document,
)

_SLUG: Final = "[a-z]+(?:-[a-z]+)*"
_REQUEST_ID: Final = "[A-Za-z0-9._-]{1,128}"
_EXAMPLE_ID: Final = "5f2b9a0c7d1e4f6a8b3c2d1e0f9a8b7c"
# The member of an answer that names the component which it becomes: see `sharing`.
COMPONENT: Final = "x-component"
# Of a batch of a hundred, five fields each and a word about fields that are unknown.
_MOST_ERRORS: Final = 1000
_LONGEST_SENTENCE: Final = 1000


def _count(description: str) -> dict[str, Any]:
    return {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**53 - 1, "description": description}


def _sentence(description: str) -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": r"^[^\x00-\x1f\x7f]+$",
        "maxLength": _LONGEST_SENTENCE,
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
            "examples": ["#/email", "#/items/3/email"],
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
            "examples": ["invalid-email-address"],
        },
        "message": _sentence("What is wrong, for people."),
    },
}
_PROBLEM_SCHEMA: Final = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "enum": [f"/problems/{kind.value.slug}" for kind in ProblemKind],
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
            "maxItems": _MOST_ERRORS,
            "items": {"$ref": "#/components/schemas/FieldError"},
            "description": "What is wrong with which value, where that can be said.",
        },
        "imported": _count("Of a refused import: 0, since nothing was kept."),
        "skipped": _count("Of a refused import: how many lines have an address that is taken."),
        "rejected": _count("Of a refused import: how many lines describe no user."),
    },
}

_ERRORS_OF_EXAMPLES: Final[Mapping[ProblemKind, list[FieldError]]] = {
    ProblemKind.VALIDATION_FAILED: [
        FieldError("#/email", "invalid-email-address", "An email address may contain ASCII characters only.")
    ],
    ProblemKind.EMAIL_ALREADY_TAKEN: [
        FieldError("#/email", "email-already-taken", "Another user has this email address.")
    ],
}


def problem_examples() -> dict[str, Any]:
    """An example of each kind of problem, by its slug, written by the code that writes the real ones."""
    return {kind.value.slug: {"summary": kind.value.title, "value": _example(kind)} for kind in ProblemKind}


def problem_answers(kinds: Collection[ProblemKind]) -> dict[int | str, dict[str, Any]]:
    """The answers by status. Each admits the kinds given, and no other of its status."""
    by_status: dict[int | str, list[ProblemKind]] = {}
    for kind in ProblemKind:  # in their order, so that equal answers are written equally
        if kind in kinds:
            by_status.setdefault(kind.value.status, []).append(kind)
    return {status: _answer(met) for status, met in by_status.items()}


def _example(kind: ProblemKind) -> Any:
    return json.loads(problem_document(Problem(kind, errors=_ERRORS_OF_EXAMPLES.get(kind, ())), _EXAMPLE_ID))


def _answer(kinds: Sequence[ProblemKind]) -> dict[str, Any]:
    slugs = [kind.value.slug for kind in kinds]
    narrowed = {
        "type": {"enum": [f"/problems/{slug}" for slug in slugs]},
        "status": {"type": "integer", "format": "int32", "const": kinds[0].value.status},
    }
    return {
        COMPONENT: "-or-".join(slugs),
        "description": " ".join(kind.value.title for kind in kinds),
        "headers": _headers(kinds),
        "content": {
            PROBLEM_MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem", "properties": narrowed},
                "examples": {slug: {"$ref": f"#/components/examples/{slug}"} for slug in slugs},
            }
        },
    }


def _headers(kinds: Sequence[ProblemKind]) -> dict[str, Any]:
    if PASSING.issuperset(kinds):
        return header("Retry-After")
    if not PASSING.isdisjoint(kinds):
        return {"Retry-After": {**HEADER_COMPONENTS["Retry-After"], "required": False}}
    return {}


PROBLEM_SCHEMAS: Final[Mapping[str, Any]] = {
    "FieldError": _ERROR_SCHEMA,
    # The one kind that no operation of the document is answered with, since it is for methods that are not in it.
    "Problem": {**_PROBLEM_SCHEMA, "examples": [_example(ProblemKind.METHOD_NOT_ALLOWED)]},
}
