"""The base of value objects that hold one value."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Self, TypeVar

Value = TypeVar("Value", int, str, Decimal)


@dataclass(frozen=True, slots=True, order=True)
class ValueObject(Generic[Value]):
    """One immutable value that obeys rules. Equal when the values are equal.

    A subclass states its rules in `__post_init__` and raises a `foundation.kernel.errors.InvalidValue` of its own.
    """

    value: Value

    @classmethod
    def trusted(cls, value: Value) -> Self:
        """A value that obeyed the rules when it was stored.

        The rules are not applied again: they may have become stricter since, and a row that an older rule let
        in must still load, so that it can be corrected.
        """
        instance = object.__new__(cls)
        object.__setattr__(instance, "value", value)
        return instance

    def __str__(self) -> str:
        return str(self.value)
