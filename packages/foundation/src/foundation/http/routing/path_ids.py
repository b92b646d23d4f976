"""Ids in paths: a segment that does not have the form of an id is not the address of anything, whatever the method."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Path
from pydantic import WithJsonSchema
from starlette.convertors import Convertor, register_url_convertor

from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.http.schemas.values import ID
from foundation.kernel.errors import InvalidValue


def path_id(name: str, read: Callable[[int], object]) -> Any:
    """The annotation of a route's argument: the id in the segment `{name:id}` of its path, made by `read`.

    A number that `read` refuses is the address of nothing: 404, not 422.
    """

    async def id_in_path(**segments: str) -> object:
        try:
            return read(int(segments[name]))
        except InvalidValue:
            raise Problem(kinds.NOT_FOUND) from None

    # FastAPI finds the parameter by its name.
    described = Annotated[str, Path(description="The id of the resource."), WithJsonSchema(ID)]
    parameter = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=described)
    id_in_path.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]
    return Depends(id_in_path)


class IdConvertor(Convertor[str]):
    """One spelling per id: decimal digits without a sign or a leading zero, ten at most.

    Another segment in the same place, such as `batch`, is then another resource, and a method that it does not have is
    405 and not a matter of ids.
    """

    regex = "[1-9][0-9]{0,9}"

    def convert(self, value: str) -> str:
        """Leave it to the route, which knows the largest id."""
        return value

    def to_string(self, value: str) -> str:
        """The id as it is."""
        return value


register_url_convertor("id", IdConvertor())
