"""Reads JSON bodies strictly: what one reader would understand in another way than the next is refused."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Container
from itertools import islice
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

# Bytes. A document of this length takes microseconds to read, whatever is in it, and one of that length milliseconds.
_SHORT: Final = 1024
_LONG: Final = 16 * 1024

# What Python reads in one piece, in which no other request is served, although a thread does it: so many take some ten
# milliseconds. An object is a piece.
_MAX_ARRAYS: Final = 40_000
_MAX_VALUES: Final = 400_000
_MAX_MEMBERS: Final = 30_000
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[:,{}]', re.DOTALL)

Body = TypeVar("Body", bound=BaseModel)


def json_body(
    model: type[Body], *media_types: str, resource: type[BaseModel], largest: int = MAX_DOCUMENT_SIZE
) -> Callable[[Request], Awaitable[Body]]:
    """A dependency that reads the body of a request as `model`, in one of `media_types`.

    The fields of `resource` that `model` lacks are read-only.

    It raises `Problem`: 400 for what is not strict JSON (RFC 8259, and I-JSON of RFC 7493), 413 above `largest` bytes,
    415 for another media type or a content coding, 422 for values that `model` refuses.
    """
    names = frozenset(model.model_fields.keys() | resource.model_fields.keys())

    def parsed(content: bytes) -> Body:
        document = parse_json(content)
        if len(content) > _SHORT:
            document = _with_few_unknown(document, names)
        try:
            return model.model_validate(document)
        except ValidationError as error:
            errors = field_errors_of_body(error.errors(include_url=False, include_input=False), names)
            raise Problem(kinds.VALIDATION_FAILED, errors=errors) from None

    async def read(request: Request) -> Body:
        check_media_type(request, media_types)
        content = await read_whole(request, largest)
        # What takes more than a few milliseconds to read is read beside the event loop.
        return parsed(content) if len(content) <= _LONG else await asyncio.to_thread(parsed, content)

    return read


def _with_few_unknown(document: Any, names: Container[str], depth: int = 2) -> Any:
    """The document, whose objects have no more than one member that none of `names` names.

    One is enough for the refusal, which Pydantic would put together for each, in a time that grows with their number.
    Objects of resources stand at the top, or in a list there.
    """
    if isinstance(document, list):
        return [_with_few_unknown(item, names, depth - 1) for item in document] if depth else document
    if not isinstance(document, dict):
        return document
    known = {name: _with_few_unknown(value, names, depth) for name, value in document.items() if name in names}
    unknown = ((name, value) for name, value in document.items() if name not in names)
    return known | dict(islice(unknown, 1))


def parse_json(content: bytes) -> Any:
    """The document in `content`; see `read_json`. Raises `Problem` if it is not strict, or has too many parts."""
    if len(content) > _LONG:
        _check_number_of_parts(content)
    try:
        return read_json(content)
    except NotStrictJson:
        raise Problem(kinds.MALFORMED_REQUEST, "The body is not a valid JSON document.") from None


def _check_number_of_parts(content: bytes) -> None:
    if (
        content.count(b"[") <= _MAX_ARRAYS
        and content.count(b",") <= _MAX_VALUES
        and content.count(b":") <= _MAX_MEMBERS
    ):
        return
    arrays, values, members = _parts(content)
    for found, most, what in (
        (arrays, _MAX_ARRAYS, "The body has more than {:,} arrays."),
        (values, _MAX_VALUES, "The body has more than {:,} values."),
        (members, _MAX_MEMBERS, "An object in the body has more than {:,} members."),
    ):
        if found > most:
            raise Problem(kinds.MALFORMED_REQUEST, what.format(most))


def _parts(content: bytes) -> tuple[int, int, int]:
    """How many arrays and values there are, and how many members the largest object has; strings do not count."""
    arrays = values = largest = 0
    sizes = [0]  # of the objects that are open
    for token in _TOKEN.finditer(content):
        match token[0]:
            case b"[":
                arrays += 1
            case b",":
                values += 1
            case b":":
                sizes[-1] += 1
                largest = max(largest, sizes[-1])
            case b"{":
                sizes.append(0)
            case b"}":
                if len(sizes) > 1:  # more may be closed than were opened
                    sizes.pop()
    return arrays, values, largest
