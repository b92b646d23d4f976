"""Records as NDJSON: one JSON object a line."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, repeat
from typing import Any, Final, Generic

import orjson

from foundation.files.blocks import read_together
from foundation.files.fields import ExportedField, ImportedField
from foundation.files.lines import Line, LineSplitter, lines_of
from foundation.files.rejected import NOT_JSON, NOT_UTF_8_TEXT, TOO_LONG, RejectedLine
from foundation.files.schema import Columns, FileSchema, NewT, ReadLine
from foundation.strict_json import NotStrictJson, read_json

# Where a value stands in a line.
_VALUE: Final = "\0"


class NdjsonReader(Generic[NewT]):
    """Reads pieces of NDJSON, cut anywhere."""

    def __init__(self, schema: FileSchema[NewT]) -> None:
        self._schema = schema
        self._splitter = LineSplitter()
        self._read_before = 0
        self._take_as_ordinary(tuple(schema.imported))

    def feed(self, piece: bytes) -> Iterator[ReadLine[NewT]]:
        """The records of the lines that end in `piece`. To be read to its end before the next piece."""
        return self._read(self._splitter.feed(piece))

    def finish(self) -> Iterator[ReadLine[NewT]]:
        """The record of the last line, if it did not end in a line feed."""
        return self._read(self._splitter.finish())

    def _read(self, lines: bytes) -> Iterator[ReadLine[NewT]]:
        first = self._read_before + 1
        self._read_before += lines.count(b"\n")
        if first == 1 and lines:
            self._take_as_ordinary(_names_in(lines, self._schema) or tuple(self._schema.imported))
        together = read_together(self._columns, self._ordinary, lines, first=first, read_other=self._read_text)
        return map(self._read_line, count(first), lines_of(lines)) if together is None else together

    def _take_as_ordinary(self, names: Sequence[str]) -> None:
        self._columns = Columns(self._schema, names)
        self._ordinary = _ordinary(self._columns.fields)

    def _read_text(self, number: int, line: str) -> ReadLine[NewT]:
        return self._read_line(number, line.encode())

    def _read_line(self, number: int, line: Line) -> ReadLine[NewT]:
        if line is None:
            return RejectedLine(number, (TOO_LONG,))
        try:
            return self._schema.read_members(number, read_json(line))
        except NotStrictJson:
            return RejectedLine(number, (NOT_JSON if _is_text(line) else NOT_UTF_8_TEXT,))


def _is_text(line: bytes) -> bool:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return False
    return not {"\0", "\ufeff"} & set(text)


def _names_in(lines: bytes, schema: FileSchema[Any]) -> tuple[str, ...]:
    """The names of the first line, which are most likely those of all lines; none if it is not a valid object."""
    line = next(lines_of(lines))
    try:
        document = read_json(line or b"")
    except NotStrictJson:
        return ()
    return tuple(document) if isinstance(document, dict) and not schema.header_errors(document) else ()


def _ordinary(fields: Sequence[ImportedField]) -> re.Pattern[str]:
    """What nearly every line is: these fields in order, with nothing escaped. The JSON reader reads the same in it."""
    members = ", ?".join(f'"{re.escape(field.name)}": ?{_value(field)}' for field in fields)
    return re.compile(rf"^\{{ ?{members} ?\}}\r?\n", re.MULTILINE)


def _value(field: ImportedField) -> str:
    text = field.kind.json_text
    return f"(?:null|{text})" if field.nullable else text


class NdjsonWriter:
    """Writes records as NDJSON, which has no head."""

    head: Final = ""

    def __init__(self, fields: Sequence[ExportedField]) -> None:
        self._fields = fields
        # The quotes around a text that cannot be null are those of the line.
        quotes = ('"' if field.kind.json_type is str and not field.nullable else "" for field in fields)
        members = (f'"{field.name}":{quote}{_VALUE}{quote}' for field, quote in zip(fields, quotes, strict=True))
        self._before, *self._behind = f"{{{','.join(members)}}}\n".split(_VALUE)

    def rows(self, records: Sequence[Any]) -> str:
        """A line for each of the records, of which there is at least one."""
        parts: list[Iterable[str]] = [repeat(self._before)]
        for field, behind in zip(self._fields, self._behind, strict=True):
            parts += [_json_texts(field, records), repeat(behind)]
        return "".join(chain.from_iterable(zip(*parts, strict=False)))


def _json_texts(field: ExportedField, records: Sequence[Any]) -> Sequence[str]:
    def finish(texts: Sequence[str]) -> Sequence[str]:
        finished = texts if field.kind.plain else _escaped(texts)
        return [f'"{text}"' for text in finished] if field.nullable and field.kind.json_type is str else finished

    return field.texts(records, finish, "null")


def _escaped(texts: Sequence[str]) -> Sequence[str]:
    """What stands between the quotes (RFC 8259, 7)."""
    content = orjson.dumps(texts)
    if b'\\"' in content:
        return [orjson.dumps(text)[1:-1].decode() for text in texts]
    # No quote stands within a text, so that these three characters separate two of them.
    return content[2:-2].decode().split('","') if texts else texts
