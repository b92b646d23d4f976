"""What files of one kind of record contain, and how a record is made from a line."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Generic, TypeAlias, TypeVar

from foundation.files.fields import ImportedField, Refused, exported_fields, imported_fields
from foundation.files.kinds import KINDS, Kind
from foundation.files.rejected import NOT_AN_OBJECT, UNKNOWN_FIELD, LineError, RejectedLine, read_only, required
from foundation.kernel.bulk_loading import Numbered
from foundation.kernel.errors import InvalidValue

NewT = TypeVar("NewT", bound=tuple[Any, ...])
ReadLine: TypeAlias = Numbered[NewT] | RejectedLine

# The fastest way to make tuples: the class itself runs a function of Python for each.
_numbered: Final[Callable[[Iterable[Any]], Numbered[Any]]] = partial(tuple.__new__, Numbered)


class WrongFields(InvalidValue):
    """The text names no fields of the record, or one twice."""

    code = "wrong-fields"


class FileSchema(Generic[NewT]):
    """The fields of files, and how a record is made from one line.

    Attributes:
        singular, plural: What a record is called, and several.
        imported, exported: The fields by name, in the order in which they are written.
        taken: What is wrong with a line whose unique value is taken.
    """

    def __init__(
        self,
        new: type[NewT],
        view: type[tuple[Any, ...]],
        *,
        singular: str,
        plural: str,
        taken: LineError,
        kinds: Mapping[Any, Kind] | None = None,
    ) -> None:
        """Derive the fields from two named tuples.

        Args:
            new: What describes a new record. Its fields are value objects (`ValueObject[str]`), enumerations, or of a
                type in `KINDS`, each perhaps `| None`. A file may lack a field that has a default or may be None.
            view: A record as it is read. Its fields are plain values, likewise.
            singular: What a record is called.
            plural: What several are called.
            taken: What is wrong with a line whose unique value is taken.
            kinds: The kinds of further types.
        """
        self.singular, self.plural, self.taken = singular, plural, taken
        kinds = {**KINDS, **(kinds or {})}
        self.imported = {field.name: field for field in imported_fields(new, kinds)}
        self.exported = {field.name: field for field in exported_fields(view, kinds)}
        self._make: Callable[[Iterable[Any]], NewT] = partial(tuple.__new__, new)

    def choose_fields(self, text: str) -> tuple[str, ...]:
        """The exported fields that a list of names with commas between them asks for, in their own order.

        Raises:
            WrongFields: a name is unknown or repeated.
        """
        names = text.split(",")
        if len(set(names)) < len(names) or not set(names) <= self.exported.keys():
            raise WrongFields(f"must name some of {','.join(self.exported)}, each once")
        return tuple(name for name in self.exported if name in names)

    def header_errors(self, names: Collection[str]) -> list[LineError]:
        """What is wrong with a file whose columns are these."""
        missing = [required(name) for name, field in self.imported.items() if field.required and name not in names]
        return missing + self._surplus(names)

    def _surplus(self, names: Collection[str]) -> list[LineError]:
        """What is wrong with fields that no file may have. The name of an unknown one is input, and is not repeated."""
        surplus = [name for name in names if name not in self.imported]
        errors = [read_only(name) for name in surplus if name in self.exported]
        return errors if len(errors) == len(surplus) else [*errors, UNKNOWN_FIELD]

    def read_members(self, line: int, document: Any) -> ReadLine[NewT]:
        """The record that a JSON document describes."""
        if not isinstance(document, dict):
            return RejectedLine(line, (NOT_AN_OBJECT,))
        return self._read(line, document, ImportedField.read_json, self._surplus(document))

    def read_texts(self, line: int, texts: Mapping[str, str | None]) -> ReadLine[NewT]:
        """The record with these values, by the names of the fields; None is an empty cell without quotes."""
        return self._read(line, texts, ImportedField.read_text, [])

    def _read(
        self, line: int, given: Mapping[str, Any], read: Callable[[ImportedField, Any], Any], surplus: list[LineError]
    ) -> ReadLine[NewT]:
        values: list[Any] = []
        errors: list[LineError] = []
        for name, field in self.imported.items():
            if name not in given:
                errors += [required(name)] if field.required else []
                values.append(field.default)
                continue
            try:
                values.append(read(field, given[name]))
            except InvalidValue as error:
                errors.append(LineError.of(name, error))
            except Refused as refused:
                errors.append(LineError(f"#/{name}", refused.code, refused.message))
        errors += surplus
        return RejectedLine(line, tuple(errors)) if errors else Numbered(line, self._make(values))

    def read_columns(
        self, numbers: Sequence[int], names: Sequence[str], columns: Sequence[Sequence[str | None]]
    ) -> Sequence[ReadLine[NewT]]:
        """The records of several lines at once: `columns` has the texts of each of the fields `names`."""
        given = dict(zip(names, columns, strict=True))
        values = (
            map(field.read, given[name]) if name in given else [field.default] * len(numbers)
            for name, field in self.imported.items()
        )
        try:
            return list(map(_numbered, zip(numbers, map(self._make, zip(*values, strict=True)), strict=True)))
        except (InvalidValue, ValueError):
            rows = (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
            return list(map(self.read_texts, numbers, rows))
