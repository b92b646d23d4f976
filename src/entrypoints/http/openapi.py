"""The parts of the OpenAPI document that FastAPI cannot derive, because bodies and queries are read by our own code."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from entrypoints.http.problems import PROBLEM_MEDIA_TYPE, ProblemKind

_PROBLEM_SCHEMA: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON pointer into the body."},
                    "parameter": {"type": "string", "description": "The name of a query parameter."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}

# What any route may answer, and beside that any route that touches the storage.
_ALWAYS: Final = (ProblemKind.MALFORMED_REQUEST, ProblemKind.UNKNOWN_PARAMETER, ProblemKind.INTERNAL_ERROR)
_WITH_STORAGE: Final = (
    ProblemKind.OVERLOADED,
    ProblemKind.STORAGE_UNAVAILABLE,
    ProblemKind.DEADLINE_EXCEEDED,
)
LOCATION: Final = {
    "Location": {"schema": {"type": "string", "format": "uri-reference"}, "description": "Where the new resource is."}
}
LINK_TO_NEXT: Final = {
    "Link": {"schema": {"type": "string"}, "description": 'The next page, with rel="next" (RFC 8288).'}
}
ENTITY_TAG: Final = {"ETag": {"schema": {"type": "string"}, "description": "The strong entity tag of the user."}}


def responses(
    success: int,
    description: str,
    *problems: ProblemKind,
    model: type[BaseModel] | None = None,
    storage: bool = True,
    headers: Mapping[str, Any] | None = None,
) -> dict[int | str, dict[str, Any]]:
    """The answers of a route: the one for success, and the problems it may meet beside those of every route.

    `storage` says whether it may also meet those of any route that touches the storage.
    """
    met = (*problems, *_ALWAYS, *(_WITH_STORAGE if storage else ()))
    documented: dict[int | str, dict[str, Any]] = {success: {"description": description, "headers": headers or {}}}
    if model is not None:
        documented[success]["model"] = model
    content = {PROBLEM_MEDIA_TYPE: {"schema": _PROBLEM_SCHEMA}}
    for kind in met:
        slugs = [k.value.slug for k in met if k.value.status == kind.value.status]
        documented[kind.value.status] = {"description": " or ".join(slugs), "content": content}
    # Where this is missing, FastAPI documents a 422 of its own.
    documented["default"] = {"description": "Another problem.", "content": content}
    return documented


def request_body(model: type[BaseModel], *media_types: str) -> dict[str, Any]:
    """The body of a route, for `openapi_extra`."""
    schema = model.model_json_schema()
    return {"requestBody": {"required": True, "content": {name: {"schema": schema} for name in media_types}}}


def parameters(model: type[BaseModel] | None = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The query parameters of `model`, and request headers with their descriptions, for `openapi_extra`."""
    properties = model.model_json_schema()["properties"] if model is not None else {}
    documented = [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]
    documented += [
        {"name": name, "in": "header", "schema": {"type": "string"}, "description": description}
        for name, description in (headers or {}).items()
    ]
    return {"parameters": documented}
