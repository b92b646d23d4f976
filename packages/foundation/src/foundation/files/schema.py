"""What files of one kind of record contain, and how a record is made from a line."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Generic, TypeAlias, TypeVar

from foundation.files.fields import ImportedField, Refused, exported_fields, imported_fields
from foundation.files.kinds import KINDS, Kind
from foundation.files.rejected import NOT_AN_OBJECT, UNKNOWN_FIELD, LineError, RejectedLine, read_only, required
from foundation.kernel.bulk_loading import Numbered
from foundation.kernel.errors import InvalidValue

NewT = TypeVar("NewT", bound=tuple[Any, ...])
ReadLine: TypeAlias = Numbered[NewT] | RejectedLine


class WrongFields(InvalidValue):
    """The text names no fields of the record, or one twice."""

    code = "wrong-fields"


class FileSchema(Generic[NewT]):
    """The fields of files, and how a record is made from one line.

    Attributes:
        singular, plural: What a record is called, and several.
        imported, exported: The fields by name, in the order in which they are written.
        taken: What is wrong with a line whose unique value is taken.
        new: The named tuple that describes a new record.
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
        self.new: Callable[..., NewT] = new

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
        """The record with these texts, by the names of the fields; None is null."""
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
        return RejectedLine(line, tuple(errors)) if errors else Numbered(line, self.new(*values))


class Columns(Generic[NewT]):
    """The fields that the lines of a file have, in their order, and how records are made from their texts.

    It is made for speed: what is wrong with a line is left to the schema.
    """

    def __init__(self, schema: FileSchema[NewT], names: Sequence[str]) -> None:
        self.fields = [schema.imported[name] for name in names]
        self._schema = schema
        self._names = names
        self._readers = [
            (names.index(name) if name in names else None, field.read, field.default)
            for name, field in schema.imported.items()
        ]

    def read(self, line: int, texts: Sequence[str | None]) -> ReadLine[NewT]:
        """The record with these texts, None for null."""
        try:
            values = [default if place is None else read(texts[place]) for place, read, default in self._readers]
            return Numbered(line, self._schema.new(*values))
        except (InvalidValue, ValueError):
            return self._schema.read_texts(line, dict(zip(self._names, texts, strict=True)))

    def read_all(self, numbers: Sequence[int], columns: Sequence[Sequence[str | None]]) -> Iterable[ReadLine[NewT]]:
        """The records of several lines at once: `columns` has all texts of each field.

        If one of them is wrong, each is read by itself, when it is asked for.
        """
        values = (
            repeat(default) if place is None else map(read, columns[place]) for place, read, default in self._readers
        )
        make: Any = tuple.__new__  # as fast as tuples can be made; the class itself runs a function of Python for each
        try:
            records = map(make, repeat(self._schema.new), zip(*values, strict=False))
            return list(map(make, repeat(Numbered), zip(numbers, records, strict=True)))
        except (InvalidValue, ValueError):
            return map(self.read, numbers, zip(*columns, strict=True))
