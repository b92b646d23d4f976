"""Column types: times that are always UTC, and the domain's value objects and enumerations."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, DateTime, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from foundation.kernel.errors import UnreadableValue
from foundation.kernel.value_object import ValueObject

Held = TypeVar("Held", bound=ValueObject[Any])
Choice = TypeVar("Choice", bound=StrEnum)


# Of SQLAlchemy's DateTime in SQLite, such as 2026-01-31 12:00:00.000000, and where its blank is.
_LENGTH_IN_SQLITE: Final = 26
_BLANK: Final = 10


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, as an aware `datetime` in UTC.

    SQLite stores text and drops an offset without converting it, so the value is brought to UTC on the way in
    and marked as UTC on the way out. A naive `datetime` is refused with `ValueError`.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Bring an aware time to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Mark a stored time as UTC, converting where the driver answered in another zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """That of the decorated type. For a text that is no time, which SQLite may hold, raises `UnreadableValue`."""
        read = super().result_processor(dialect, coltype)
        if dialect.name != "sqlite" or read is None:
            return read

        def read_text(text: Any) -> Any:
            try:
                if text is not None and len(text) == _LENGTH_IN_SQLITE and text[_BLANK] == " ":
                    # In a third of the time.
                    return datetime.fromisoformat(f"{text}+00:00")
                return read(text)
            except (TypeError, ValueError):
                raise UnreadableValue from None

        return read_text


class ValueObjectType(TypeDecorator[Held], Generic[Held]):
    """A value object `held`, in a column of type `stored`: its one value goes in and out."""

    impl = TypeEngine
    cache_ok = True

    def __init__(self, held: type[Held], stored: TypeEngine[Any]) -> None:
        super().__init__()
        self.held = held
        self.stored = stored
        self.impl = self.impl_instance = stored  # type: ignore[assignment]  # as TypeDecorator itself does

    def process_bind_param(self, value: Held | None, dialect: Dialect) -> object:
        """The value to store."""
        return None if value is None else value.value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Held | None:
        """The value object of a stored value, which is trusted: see `ValueObject.trusted`."""
        return None if value is None else self.held.trusted(value)


def stored_type(column: ColumnElement[Any]) -> TypeEngine[Any]:
    """The type of the plain values in a column."""
    return column.type.stored if isinstance(column.type, ValueObjectType) else column.type


class ChoiceType(TypeDecorator[Choice], Generic[Choice]):
    """A member of the enumeration `choices`, in a VARCHAR of `length`, which has room for values to come.

    `foundation.sqlalchemy.tables.known_choice` keeps other values out of the table.
    """

    impl = String
    cache_ok = True

    def __init__(self, choices: type[Choice], length: int) -> None:
        super().__init__(length)
        self.choices = choices

    def process_bind_param(self, value: Choice | None, dialect: Dialect) -> str | None:
        """The value of the member."""
        return None if value is None else value.value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Choice | None:
        """The member with the stored value."""
        return None if value is None else self.choices(value)
