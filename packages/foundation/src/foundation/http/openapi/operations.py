"""What a route says of itself: its answers, its body and its parameters."""

from collections.abc import Container, Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from foundation.http.openapi.headers import REQUEST_HEADERS
from foundation.http.openapi.problem_answers import problem_answers
from foundation.http.problems import kinds
from foundation.http.problems.problem import ProblemKind
from foundation.http.requests.body import OCTETS

SCHEMAS: Final = "#/components/schemas/{model}"

# What any request may meet on its way to a route.
_AT_THE_EDGE: Final = (
    kinds.MALFORMED_REQUEST,
    kinds.REQUEST_TIMEOUT,
    kinds.URI_TOO_LONG,
    kinds.HEADERS_TOO_LARGE,
    kinds.INTERNAL_ERROR,
)
_ALWAYS: Final = (*_AT_THE_EDGE, kinds.UNKNOWN_PARAMETER, kinds.NOT_ACCEPTABLE)
_WITH_STORAGE: Final = (
    kinds.OVERLOADED,
    kinds.STORAGE_UNAVAILABLE,
    kinds.DEADLINE_EXCEEDED,
)


def responses(
    success: int,
    description: str,
    *problems: ProblemKind,
    model: type[BaseModel] | None = None,
    content: Mapping[str, Any] | None = None,
    storage: bool = True,
    headers: Mapping[str, Any] | None = None,
    links: Mapping[str, Any] | None = None,
) -> dict[int | str, dict[str, Any]]:
    """The answers of a route: the one for success, and the problems it may meet beside those of every route.

    The answer for success has the JSON of `model`, or `content`: media type objects by media type. `storage` says
    whether the route may also meet the problems of any route that touches the storage. `links` lead from the answer to
    other operations (OpenAPI 3.1, 4.8.20).
    """
    succeeded = no_content(description, headers)
    if model is not None:
        succeeded["model"] = model
    if content is not None:
        succeeded["content"] = content
    if links is not None:
        succeeded["links"] = links
    met = {*problems, *_ALWAYS, *(_WITH_STORAGE if storage else ())}
    return {success: succeeded, **problem_answers(met)}


def no_content(description: str, headers: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An answer without content, such as 304."""
    return {"description": description, "headers": dict(headers or {})}


def html_page() -> dict[str, Any]:
    """The content of an answer that is a page for people."""
    schema = {"type": "string", "pattern": "^<!DOCTYPE html>", "maxLength": 65_536}
    return {"text/html": {"schema": schema}}


def request_body(model: type[BaseModel], *media_types: str) -> dict[str, Any]:
    """The body of a route, for `openapi_extra`."""
    schema = model.model_json_schema(ref_template=SCHEMAS)
    return {"requestBody": {"required": True, "content": {name: {"schema": schema} for name in media_types}}}


def file_body(description: str, media_types: Iterable[str], largest: int) -> dict[str, Any]:
    """The body of a route that takes a file, for `openapi_extra`; `largest` is how many bytes it may have.

    It may have one of `media_types`, or be bytes whose format the query parameter `format` names. The document shows
    the latter alone: no generator of clients sends both of two texts rightly, while all of them send bytes.
    """
    also = f"It may be sent as {' or '.join(media_types)}, too, and then without `format`."
    schema = {"type": "string", "format": "binary", "maxLength": largest}
    content = {name: {"schema": schema} for name in (*media_types, OCTETS)}
    return {"requestBody": {"description": f"{description} {also}", "required": True, "content": content}}


def file_content(examples: Mapping[str, str]) -> dict[str, Any]:
    """The content of an answer that is a file, in one of several formats: examples by media type.

    What is not `text/...` is bytes for generated clients.
    """
    return {
        media_type: {
            "schema": {"type": "string", "contentMediaType": media_type}
            if media_type.startswith("text/")
            else {"type": "string", "format": "binary"},
            "example": example,
        }
        for media_type, example in examples.items()
    }


def parameters(
    model: type[BaseModel] | None = None, headers: Mapping[str, str] | None = None, *, required: Container[str] = ()
) -> dict[str, Any]:
    """The query parameters of `model`, and request headers with their descriptions, for `openapi_extra`.

    `required` has the names of the parameters that a request which the document describes may not lack.
    """
    properties = model.model_json_schema()["properties"] if model is not None else {}
    documented = [
        {"name": name, "in": "query", **({"required": True} if name in required else {}), **_apart(schema)}
        for name, schema in properties.items()
    ]
    documented += [
        {"name": name, "in": "header", "description": description, **REQUEST_HEADERS[name]}
        for name, description in (headers or {}).items()
    ]
    return {"parameters": documented}


def _apart(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The description of a parameter beside its schema, where readers look for it.

    Without examples, which the page of the document would fill in, so that every request had a filter and a cursor.
    """
    described = {"description": schema["description"]} if "description" in schema else {}
    kept = {key: value for key, value in schema.items() if key not in {"description", "title", "examples"}}
    if isinstance(kept.get("default"), list):  # which is sent as a text: see `values.some_of`
        kept["default"] = ",".join(kept["default"])
    return {**described, "schema": kept}
