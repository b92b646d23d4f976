"""The identifier of a user."""

from dataclasses import dataclass
from typing import Final

from foundation.kernel.errors import InvalidValue
from foundation.kernel.value_object import ValueObject

# The specified column is a 32-bit INTEGER that counts from one.
LARGEST_USER_ID: Final = 2**31 - 1


class InvalidUserId(InvalidValue):
    """The number cannot be the id of a user."""

    code = "invalid-user-id"


@dataclass(frozen=True, slots=True, order=True)
class UserId(ValueObject[int]):
    """A positive 32-bit integer, assigned by the storage and never reused.

    Raises:
        InvalidUserId: the number is below 1 or above 2147483647.
    """

    def __post_init__(self) -> None:
        if not 1 <= self.value <= LARGEST_USER_ID:
            raise InvalidUserId(f"A user id is a whole number from 1 to {LARGEST_USER_ID}.")
