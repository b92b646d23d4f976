"""Ids in paths: what has not the form of one is no address of anything, whatever the method."""

from typing import Final

from starlette.convertors import Convertor, register_url_convertor

_CONVERTOR: Final = "id"


def id_segment(name: str) -> str:
    """The segment of a route's path that matches an id, and hands it to the route as the text `name`."""
    return f"{{{name}:{_CONVERTOR}}}"


class IdConvertor(Convertor[str]):
    """One spelling per id: decimal digits without a sign or a leading zero, ten at most.

    What other segments a path may have in the same place, such as `batch`, are then other resources, and a method
    that they do not have is 405 and not a matter of ids.
    """

    regex = "[1-9][0-9]{0,9}"

    def convert(self, value: str) -> str:
        """Leave it to the route, which knows the largest id."""
        return value

    def to_string(self, value: str) -> str:
        """The id as it is."""
        return value


register_url_convertor(_CONVERTOR, IdConvertor())
