"""Reads query parameters strictly: a typing error in one would otherwise go unnoticed."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.http.problems.validation import field_errors_of_query

Parameters = TypeVar("Parameters", bound=BaseModel)


class NoParameters(BaseModel):
    """For routes without query parameters."""


def query(model: type[Parameters]) -> Callable[[Request], Awaitable[Parameters]]:
    """A dependency that reads the query as `model`, whose fields must be texts or made from texts.

    It raises `Problem`: 400 for a parameter that `model` has not or that is repeated, 422 for a refused value.
    """
    names = frozenset(model.model_fields)
    # What most requests ask for: nothing, which is the same each time.
    nothing = None if any(field.is_required() for field in model.model_fields.values()) else model()

    # Asynchronous, because FastAPI sends synchronous dependencies to a thread.
    async def read(request: Request) -> Parameters:
        if nothing is not None and not request.scope["query_string"]:
            return nothing
        pairs = request.query_params.multi_items()
        values = dict(pairs)
        if len(values) < len(pairs) or not names >= values.keys():
            raise Problem(kinds.UNKNOWN_PARAMETER)
        try:
            return model.model_validate(values)
        except ValidationError as error:
            errors = field_errors_of_query(error.errors(include_url=False, include_input=False))
            raise Problem(kinds.VALIDATION_FAILED, errors=errors) from None

    return read
