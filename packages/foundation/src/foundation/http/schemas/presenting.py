"""Read models as documents."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from foundation.times import rfc3339


@dataclass(frozen=True, slots=True)
class PresentedBy:
    """The annotation of a field of an answer that is not written as it is: `present` makes what is written.

    A value with a true attribute of the name `unless` is written as it is nevertheless, without a call.
    """

    present: Callable[[Any], object]
    unless: str = ""


class Presenter:
    """Makes the documents of read models, for `json_response`: the fields of `model`, in their order.

    A read model has an attribute for each field of `model`.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        by = {
            name: each
            for name, field in model.model_fields.items()
            for each in field.metadata
            if isinstance(each, PresentedBy)
        }
        members = ", ".join(f"{name!r}: {_member(name, by.get(name))}" for name in model.model_fields)
        calls = {f"present_{name}": each.present for name, each in by.items()}
        # Compiled, as `dataclasses` does: a loop over the fields takes twice as long, for each item of a page.
        self._one: Callable[[Any], dict[str, Any]] = eval(f"lambda view: {{{members}}}", calls)  # noqa: S307
        self.several: Callable[[Iterable[Any]], list[dict[str, Any]]] = eval(  # noqa: S307
            f"lambda views: [{{{members}}} for view in views]", calls
        )
        """The documents of several read models, in less time than one by one."""

    def __call__(self, view: Any) -> dict[str, Any]:
        """The document of a read model."""
        return self._one(view)


def _member(name: str, by: PresentedBy | None) -> str:
    """The expression of what is written of a field."""
    value = f"view.{name}"
    if by is None:
        return value
    call = f"present_{name}({value})"
    return f"{value} if {value}.{by.unless} else {call}" if by.unless else call


def present_time(moment: datetime) -> datetime | str:
    """The time as RFC 3339 has it, with six fractional digits."""
    # `json_response` writes times faster than we could, but would leave out six zeros.
    return moment if moment.microsecond else rfc3339(moment)


def present_decimal(number: Decimal) -> str:
    """The number as a text, without an exponent."""
    return format(number, "f")
