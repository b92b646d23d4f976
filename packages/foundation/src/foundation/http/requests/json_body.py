"""Reads JSON bodies strictly: what one reader would understand in another way than the next is refused."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from foundation.http.limits import MAX_DOCUMENT_SIZE
from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.http.problems.validation import field_errors_of_body
from foundation.http.requests.body import check_media_type, read_whole
from foundation.strict_json import NotStrictJson, read_json

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"

Body = TypeVar("Body", bound=BaseModel)


def json_body(
    model: type[Body], *media_types: str, resource: type[BaseModel], largest: int = MAX_DOCUMENT_SIZE
) -> Callable[[Request], Awaitable[Body]]:
    """A dependency that reads the body of a request as `model`, in one of `media_types`.

    The fields of `resource` that `model` lacks are read-only.

    It raises `Problem`: 400 for what is not strict JSON (RFC 8259, and I-JSON of RFC 7493), 413 above `largest` bytes,
    415 for another media type or a content coding, 422 for values that `model` refuses.
    """

    async def read(request: Request) -> Body:
        check_media_type(request, media_types)
        document = parse_json(await read_whole(request, largest))
        try:
            return model.model_validate(document)
        except ValidationError as error:
            names = model.model_fields.keys() | resource.model_fields.keys()
            errors = field_errors_of_body(error.errors(include_url=False, include_input=False), names)
            raise Problem(kinds.VALIDATION_FAILED, errors=errors) from None

    return read


def parse_json(content: bytes) -> Any:
    """The document in `content`; see `read_json`. Raises `Problem` for what is not strict JSON."""
    try:
        return read_json(content)
    except NotStrictJson:
        raise Problem(kinds.MALFORMED_REQUEST, "The body is not a valid JSON document.") from None
