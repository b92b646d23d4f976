"""Ids that a database assigns."""

from dataclasses import dataclass
from typing import Final

from foundation.kernel.errors import InvalidValue
from foundation.kernel.value_object import ValueObject

MAX_ID: Final = 2**31 - 1
"""A column of type INTEGER has 32 bits and counts from one."""


class InvalidId(InvalidValue):
    """The number cannot be an id."""

    code = "invalid-id"


@dataclass(frozen=True, slots=True, order=True)
class IntegerId(ValueObject[int]):
    """A positive 32-bit integer, assigned by the storage and never reused. Each entity has a subclass of its own.

    Raises:
        InvalidId: the number is below 1 or above 2147483647.
    """

    def __post_init__(self) -> None:
        if not 1 <= self.value <= MAX_ID:
            raise InvalidId(f"An id is a whole number from 1 to {MAX_ID}.")
