"""Read models as documents."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from foundation.times import rfc3339


@dataclass(frozen=True, slots=True)
class PresentedBy:
    """The annotation of a field of an answer that is not written as it is: `present` makes what is written."""

    present: Callable[[Any], object]


def presenter(model: type[BaseModel]) -> Callable[[Any], dict[str, Any]]:
    """A function that makes the document of a read model, for `json_response`: the fields of `model`, in their order.

    The read model has an attribute for each field of `model`.
    """
    converters = {
        name: each.present
        for name, field in model.model_fields.items()
        for each in field.metadata
        if isinstance(each, PresentedBy)
    }
    members = [
        f"{name!r}: {name}(view.{name})" if name in converters else f"{name!r}: view.{name}"
        for name in model.model_fields
    ]
    # Compiled, as `dataclasses` does: a loop over the fields takes twice as long, for each item of a page.
    present: Callable[[Any], dict[str, Any]] = eval(f"lambda view: {{{', '.join(members)}}}", converters)  # noqa: S307
    return present


def present_time(moment: datetime) -> datetime | str:
    """The time as RFC 3339 has it, with six fractional digits."""
    # `json_response` writes times faster than we could, but would leave out six zeros.
    return moment if moment.microsecond else rfc3339(moment)


def present_decimal(number: Decimal) -> str:
    """The number as a text, without an exponent."""
    return format(number, "f")
