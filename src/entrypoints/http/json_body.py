"""Reads JSON bodies strictly: what one reader would understand in another way than the next is refused."""

import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, NoReturn, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from entrypoints.http.error_handlers import field_errors_of_body
from entrypoints.http.problems import Problem, ProblemKind

LARGEST_BODY: Final = 64 * 1024
DEEPEST_NESTING: Final = 32

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"

Body = TypeVar("Body", bound=BaseModel)


def json_body(model: type[Body], *media_types: str, resource: type[BaseModel]) -> Callable[[Request], Awaitable[Body]]:
    """A dependency that reads the body of a request as `model`, in one of `media_types`.

    The fields of `resource` that `model` lacks are read-only.

    It raises `Problem`: 400 for what is not strict JSON (RFC 8259, and I-JSON of RFC 7493), 413 above 64 KiB,
    415 for another media type or a content coding, 422 for values that `model` refuses.
    """

    async def read(request: Request) -> Body:
        _check_media_type(request, media_types)
        document = parse_json(await _read_limited(request))
        try:
            return model.model_validate(document)
        except ValidationError as error:
            names = model.model_fields.keys() | resource.model_fields.keys()
            errors = field_errors_of_body(error.errors(include_url=False, include_input=False), names)
            raise Problem(ProblemKind.VALIDATION_FAILED, errors=errors) from None

    return read


def parse_json(content: bytes) -> Any:
    """The document in `content`.

    It must be UTF-8 without a byte order mark, with no repeated names, finite numbers, no lone surrogates, and at
    most 32 levels deep. Raises `Problem` otherwise.
    """
    try:
        document = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_object_without_repetition,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
        _check_text_and_depth(document)
    except (ValueError, RecursionError):
        # Also UnicodeDecodeError, JSONDecodeError, and an integer of more digits than Python agrees to read.
        raise Problem(ProblemKind.MALFORMED_REQUEST, "The body is not a valid JSON document.") from None
    return document


def _check_media_type(request: Request, media_types: Iterable[str]) -> None:
    # A header that is repeated is joined, and what is joined is no media type.
    content_type = ",".join(request.headers.getlist("content-type"))
    codings = ",".join(request.headers.getlist("content-encoding")) or "identity"
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    accepted = media_type in media_types and all(p in {"", "charset=utf-8", 'charset="utf-8"'} for p in parameters)
    if not accepted or codings.strip().lower() != "identity":
        header = "Accept-Patch" if request.method == "PATCH" else "Accept-Post"
        raise Problem(ProblemKind.UNSUPPORTED_MEDIA_TYPE, headers={header: ", ".join(media_types)})


async def _read_limited(request: Request) -> bytes:
    """The body, counted while it arrives: a declared length may be missing or untrue."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise Problem(
                ProblemKind.CONTENT_TOO_LARGE,
                f"A body may have at most {LARGEST_BODY} bytes.",
                headers={"Connection": "close"},
            )
    return bytes(content)


def _object_without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name is repeated")
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError("the number is too large")
    return number


def _check_text_and_depth(value: Any, depth: int = 0) -> None:
    if isinstance(value, str):
        value.encode()  # UnicodeEncodeError, a ValueError, for a lone surrogate
        return
    if not isinstance(value, dict | list):
        return
    if depth == DEEPEST_NESTING:
        raise ValueError("nested too deeply")
    for member in [*value, *value.values()] if isinstance(value, dict) else value:
        _check_text_and_depth(member, depth + 1)
