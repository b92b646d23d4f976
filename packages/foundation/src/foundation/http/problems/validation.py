"""The errors of Pydantic, in our own words and without any value of the input."""

from collections.abc import Container, Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

from foundation.http.problems.problem import FieldError

# Our code and message for Pydantic's own types of errors, whose names may change and whose messages may quote.
_OWN_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("required", "is required"),
    "extra_forbidden": ("read-only", "is read-only"),
    "model_type": ("not-an-object", "must be an object"),
    "model_attributes_type": ("not-an-object", "must be an object"),
}
_UNKNOWN_FIELD: Final = ("unknown-field", "has a field that this resource does not have")
OURS: Final = {"ours": True}
"""The context of errors whose code and message may be shown to clients, because our own validators wrote them."""


def field_errors_of_query(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Pydantic's errors about query parameters, without any value of them."""
    return [FieldError(str(problem["loc"][-1]), *_code_and_message(problem), in_query=True) for problem in errors]


def field_errors_of_body(errors: Sequence[Mapping[str, Any]], names: Container[str]) -> list[FieldError]:
    """Pydantic's errors about a body, without any value of it.

    Of the names in the body only those in `names` are repeated: another one is input, like the values, so its object is
    pointed at.
    """
    found: list[FieldError] = []
    unknown: dict[str, FieldError] = {}
    for problem in errors:
        known = list(takewhile(lambda part: isinstance(part, int) or part in names, problem["loc"]))
        if len(known) == len(problem["loc"]):
            found.append(FieldError(_pointer(known), *_code_and_message(problem)))
        else:
            unknown[_pointer(known)] = FieldError(_pointer(known), *_UNKNOWN_FIELD)
    return [*found, *unknown.values()]


def _code_and_message(problem: Mapping[str, Any]) -> tuple[str, str]:
    """Those of our own validators, which never quote, or ours for a type of Pydantic's."""
    if problem.get("ctx", {}).get("ours"):
        return problem["type"], str(problem["msg"])
    return _OWN_WORDS.get(problem["type"], ("invalid", "is not valid"))


def _pointer(location: Sequence[str | int]) -> str:
    """A JSON pointer as a URI fragment (RFC 6901, 6); names of fields need no escapes."""
    return "".join(["#", *(f"/{part}" for part in location)])
