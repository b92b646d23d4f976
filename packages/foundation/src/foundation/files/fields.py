"""The fields of files, derived from the type hints of named tuples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from foundation.files.kinds import CodeAndMessage, Kind, choice
from foundation.kernel.value_object import ValueObject


class Refused(Exception):
    """A text or a JSON value is not of the kind of its field."""

    def __init__(self, code_and_message: CodeAndMessage) -> None:
        super().__init__()
        self.code, self.message = code_and_message


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedField:
    """A field that imported files may have.

    Attributes:
        name: Its name, in the header of CSV and in the objects of NDJSON.
        kind: How its values are written.
        make: Makes the value of a record from a value of the kind; None where it is the same.
        nullable: Whether its value may be null, which in CSV is an empty cell without quotes.
        required: Whether each file must have it.
        default: Its value in records of files that do not have it.
    """

    name: str
    kind: Kind
    make: Callable[[Any], Any] | None
    nullable: bool
    required: bool
    default: Any

    @property
    def read(self) -> Callable[[Any], Any]:
        """A function that makes the value from a text, or from None for null, as fast as possible.

        It raises `ValueError` or `InvalidValue` where `read_text` says what is wrong.
        """
        make, read = self.make, self.kind.read
        if make is None:
            one = read
        elif read is str:
            one = make
        else:
            one = lambda text: make(read(text))  # noqa: E731
        return (lambda text: None if text is None else one(text)) if self.nullable else one

    def read_text(self, text: str | None) -> Any:
        """The value that a text is, or that None is, which is null.

        Raises:
            Refused: the text is malformed.
            InvalidValue: the value breaks a rule.
        """
        if text is None:
            return None
        try:
            value = self.kind.read(text)
        except ValueError:
            raise Refused(self.kind.malformed) from None
        return value if self.make is None else self.make(value)

    def read_json(self, value: Any) -> Any:
        """The value that a JSON value is; see `read_text`."""
        if value is None and self.nullable:
            return None
        if type(value) is not self.kind.json_type:
            code, message = self.kind.wrong_json_type
            raise Refused((code, f"{message} or null" if self.nullable else f"{message}, and not null"))
        return self.read_text(self.kind.text_of_json(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedField:
    """A field that exported files have: its name, how its values are written, and whether they may be null."""

    name: str
    kind: Kind
    nullable: bool

    def texts(
        self, records: Sequence[Any], finish: Callable[[Sequence[str]], Sequence[str]], null: str
    ) -> Sequence[str]:
        """The texts of all values: treating a column at once costs a fraction of treating each value.

        Those that may have special characters are finished by `finish`; null is `null`.
        """
        values = list(map(attrgetter(self.name), records))
        present = [value for value in values if value is not None] if self.nullable else values
        texts = self.kind.write(present) if present else []
        finished = finish(texts)
        if len(finished) == len(values):
            return finished
        rest = iter(finished)
        return [null if value is None else next(rest) for value in values]


def imported_fields(new: type, kinds: Mapping[Any, Kind]) -> tuple[ImportedField, ...]:
    """The fields of the named tuple that describes a new record."""
    defaults: Mapping[str, Any] = getattr(new, "_field_defaults", {})
    return tuple(_imported(name, hint, kinds, defaults) for name, hint in get_type_hints(new).items())


def exported_fields(view: type, kinds: Mapping[Any, Kind]) -> tuple[ExportedField, ...]:
    """The fields of the named tuple that is a record as it is read."""
    return tuple(_exported(name, hint, kinds) for name, hint in get_type_hints(view).items())


def _imported(name: str, hint: Any, kinds: Mapping[Any, Kind], defaults: Mapping[str, Any]) -> ImportedField:
    plain, nullable = _without_none(hint)
    is_value_object = isinstance(plain, type) and issubclass(plain, ValueObject)
    return ImportedField(
        name=name,
        kind=_kind(_type_of_value(plain) if is_value_object else plain, kinds),
        make=plain if is_value_object else None,
        nullable=nullable,
        required=not nullable and name not in defaults,
        default=defaults.get(name),
    )


def _exported(name: str, hint: Any, kinds: Mapping[Any, Kind]) -> ExportedField:
    plain, nullable = _without_none(hint)
    return ExportedField(name=name, kind=_kind(plain, kinds), nullable=nullable)


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) not in {Union, UnionType}:
        return hint, False
    [plain] = set(get_args(hint)) - {NoneType}
    return plain, True


def _kind(plain: Any, kinds: Mapping[Any, Kind]) -> Kind:
    if plain in kinds:
        return kinds[plain]
    if isinstance(plain, type) and issubclass(plain, Enum):
        return choice(plain)
    raise TypeError(f"files have no kind for {plain!r}: hand one in")


def _type_of_value(value_object: type) -> Any:
    for base in value_object.__mro__:
        for generic in vars(base).get("__orig_bases__", ()):
            if get_origin(generic) is ValueObject:
                return get_args(generic)[0]
    raise TypeError(f"{value_object.__name__} does not say what it holds: inherit from ValueObject[str] or the like")
