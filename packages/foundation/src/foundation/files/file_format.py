"""The forms of files, and the fields in them."""

from enum import Enum
from typing import Final

from foundation.kernel.errors import InvalidValue

IMPORTED_FIELDS: Final = ("email", "name")
EXPORTED_FIELDS: Final = ("id", "email", "name", "created_at", "updated_at")
"""In the order in which they are written."""


class Form(Enum):
    """A form of file: its usual suffix without the dot."""

    NDJSON = "ndjson"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """Its media type, without parameters; that of CSV is registered by RFC 4180, 3, and NDJSON has none."""
        return "text/csv" if self is Form.CSV else "application/x-ndjson"


def form_of(media_type: str) -> Form:
    """The form with this media type, which must be one of them."""
    return next(form for form in Form if form.media_type == media_type)


class WrongFields(InvalidValue):
    """The text names no fields of a user, or one twice."""

    code = "wrong-fields"

    def __init__(self) -> None:
        super().__init__(f"must name some of {','.join(EXPORTED_FIELDS)}, each once")


def read_fields(text: str) -> tuple[str, ...]:
    """The fields that a list of names with commas between them asks for, in the order in which they are written.

    Raises:
        WrongFields: a name is unknown or repeated.
    """
    names = text.split(",")
    if len(set(names)) < len(names) or not set(names) <= set(EXPORTED_FIELDS):
        raise WrongFields
    return tuple(name for name in EXPORTED_FIELDS if name in names)
