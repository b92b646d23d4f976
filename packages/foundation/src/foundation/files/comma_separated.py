"""Records as CSV (RFC 4180), with a header that names the columns. An empty cell without quotes is null."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final, Generic

from foundation.files import rejected
from foundation.files.blocks import read_together
from foundation.files.fields import ExportedField, ImportedField
from foundation.files.lines import MAX_LINE_LENGTH, Line, LineSplitter, lines_of
from foundation.files.schema import Columns, FileSchema, NewT, ReadLine
from foundation.files.spreadsheets import begins_formula, escaped, unescaped
from foundation.kernel.bulk_import import ImportRefused, ImportReport

# What spreadsheets write before "CSV UTF-8".
_BYTE_ORDER_MARK: Final = "\ufeff"
# The grammar of RFC 4180, 2, where a quoted cell has no end yet, and where a record is whole.
_QUOTED: Final = r'"[^"]*+(?:""[^"]*+)*+"'
_PLAIN: Final = r'[^",\r\n]*+'
_OPEN: Final = re.compile(rf'(?:(?:{_QUOTED}|{_PLAIN}),)*+"[^"]*+(?:""[^"]*+)*+')
_WHOLE: Final = re.compile(rf"(?:{_QUOTED}|{_PLAIN})(?:,(?:{_QUOTED}|{_PLAIN}))*+")

# A cell of a whole record, behind the comma before it.
_CELL: Final = re.compile(rf"(?:^|,)(?:({_QUOTED})|({_PLAIN}))")
# What no cell without quotes has.
_NO_PLAIN: Final = re.compile(r'[",\r\n]')


class CsvReader(Generic[NewT]):
    """Reads pieces of CSV, cut anywhere. Lines end in CR LF or LF; numbers count lines, not records.

    Raises:
        ImportRefused: the header does not name the columns of the schema, in any order, each once; or a record of
            several lines is malformed, so that it is unknown how many records they are.
    """

    def __init__(self, schema: FileSchema[NewT]) -> None:
        self._schema = schema
        self._splitter = LineSplitter()
        self._number = 0
        self._columns: Columns[NewT] | None = None
        self._begun: list[str] = []
        self._length = 0

    def feed(self, piece: bytes) -> Iterator[ReadLine[NewT]]:
        """The records that end in `piece`. To be read to its end before the next piece."""
        return self._read_lines(self._splitter.feed(piece))

    def finish(self) -> Iterator[ReadLine[NewT]]:
        """The last record, if it did not end in a line feed."""
        yield from self._read_lines(self._splitter.finish())
        if self._begun:
            yield self._reject(self._number + 1, rejected.UNCLOSED_QUOTE)
        if self._columns is None:
            self._read_header([])

    def _read_lines(self, lines: bytes) -> Iterator[ReadLine[NewT]]:
        return self._read_header_and(lines) if self._columns is None else self._read_records(lines, self._columns)

    def _read_header_and(self, lines: bytes) -> Iterator[ReadLine[NewT]]:
        while lines and self._columns is None:
            header, line_feed, lines = lines.partition(b"\n")
            yield from chain.from_iterable(map(self._continue, lines_of(header + line_feed)))
        if self._columns is not None:
            yield from self._read_records(lines, self._columns)

    def _read_records(self, lines: bytes, columns: Columns[NewT]) -> Iterator[ReadLine[NewT]]:
        # Where nothing is quoted each line is a record.
        if not self._begun and b'"' not in lines:
            first = self._number + 1

            def read_other(number: int, line: str) -> ReadLine[NewT]:
                cells = _cells(line.removesuffix("\r"))
                if cells is None:
                    return rejected.RejectedLine(number, (rejected.MALFORMED_CSV,))
                return self._read(number, cells, columns)

            together = read_together(columns, self._ordinary, lines, first=first, read_other=read_other)
            if together is not None:
                self._number += lines.count(b"\n")
                return together
        return chain.from_iterable(map(self._continue, lines_of(lines)))

    def _continue(self, line: Line) -> Iterator[ReadLine[NewT]]:
        """The record that ends with `line`, unless that is the header."""
        self._number += 1
        self._length += len(line or b"") + 1
        if line is None or self._length > MAX_LINE_LENGTH + 1:
            yield self._reject(self._number, rejected.TOO_LONG)
            return
        # A byte that is not UTF-8 becomes a lone surrogate, which no value may have: so its cell is named.
        text = line.decode("utf-8", "surrogateescape")
        if self._number == 1:
            text = text.removeprefix(_BYTE_ORDER_MARK)
            if wrong := _wrong_form(text):
                raise _refusal(rejected.RejectedLine(1, (wrong,)))
        # Within a quoted cell a line looks as if it began with the quote.
        if (self._begun or '"' in text) and _OPEN.fullmatch(f'"{text}' if self._begun else text):
            self._begun.append(text)
            return
        first, record = self._number - len(self._begun), "\n".join([*self._begun, text])
        cells = _cells(record.removesuffix("\r"))
        if cells is None:
            yield self._reject(self._number, rejected.MALFORMED_CSV)
            return
        self._begun.clear()
        self._length = 0
        if self._columns is None:
            self._read_header(cells)
        else:
            yield self._read(first, cells, self._columns)

    def _read(self, number: int, cells: Sequence[str | None], columns: Columns[NewT]) -> ReadLine[NewT]:
        if len(cells) != len(self._empty):
            return rejected.RejectedLine(number, (rejected.WRONG_NUMBER_OF_CELLS,))
        texts = [empty if cell is None else unescaped(cell) for cell, empty in zip(cells, self._empty, strict=True)]
        return columns.read(number, texts)

    def _read_header(self, cells: Sequence[str | None]) -> None:
        names = [cell or "" for cell in cells]
        errors = self._schema.header_errors(names)
        if len(set(names)) < len(names):
            errors.append(rejected.REPEATED_COLUMN)
        if errors:
            raise _refusal(rejected.RejectedLine(1, tuple(errors)))
        self._columns = Columns(self._schema, names)
        # What an empty cell without quotes is, in each of the columns.
        self._empty = [None if field.nullable else "" for field in self._columns.fields]
        self._ordinary = _ordinary(self._columns.fields)

    def _reject(self, last: int, error: rejected.LineError) -> rejected.RejectedLine:
        """Give up the record that was begun before the line `last`, or with it; the next line begins another."""
        number = last - len(self._begun)
        if self._begun:
            raise _refusal(rejected.RejectedLine(number, (rejected.UNCLOSED_QUOTE,)))
        self._length = 0
        if not self._columns:
            raise _refusal(rejected.RejectedLine(number, (error,)))
        return rejected.RejectedLine(number, (error,))


def _ordinary(fields: Sequence[ImportedField]) -> re.Pattern[str]:
    """What nearly every record is: these fields on one line, without quotes and not escaped for spreadsheets."""
    cells = (r"(?:((?!')[^\",\r\n]++))?" if field.nullable else r"((?!')[^\",\r\n]*+)" for field in fields)
    return re.compile(rf"^{','.join(cells)}\r?\n", re.MULTILINE)


def _wrong_form(header: str) -> rejected.LineError | None:
    """What is wrong with a header that is none because of how the file was saved."""
    if "\0" in header or "\udcff" in header:  # UTF-16
        return rejected.NOT_UTF_8
    return rejected.NO_COMMAS if "," not in header and re.search(r'[\w"=][;\t|]', header) else None


class CsvWriter:
    """Writes records as CSV, with the names of the `fields` as its head. No cell is run by a spreadsheet."""

    def __init__(self, fields: Sequence[ExportedField]) -> None:
        self._fields = fields
        self.head = ",".join(field.name for field in fields) + "\r\n"

    def rows(self, records: Sequence[Any]) -> str:
        """A line for each of the records, of which there is at least one."""
        columns = [field.texts(records, _as_they_are if field.kind.plain else _written, "") for field in self._fields]
        return "\r\n".join([*map(",".join, zip(*columns, strict=True)), ""])


def _as_they_are(values: Sequence[str]) -> Sequence[str]:
    return values


def _written(values: Sequence[str]) -> Sequence[str]:
    """The values as cells. Nearly all are written as they are, which is found out at once for all of them."""
    text = "\n".join(["", *values])
    special = '"' in text or "," in text or "\r" in text or text.count("\n") > len(values) or "" in values
    if not special and not begins_formula(text):
        return values
    return [_quoted(escaped(value)) for value in values]


def _quoted(cell: str) -> str:
    # RFC 4180, 2; an empty text is quoted, because an empty cell without quotes is null.
    return '"' + cell.replace('"', '""') + '"' if not cell or _NO_PLAIN.search(cell) else cell


def _cells(record: str) -> list[str | None] | None:
    """The cells of a record; None when it breaks the grammar."""
    if '"' not in record and "\r" not in record:
        return [cell or None for cell in record.split(",")]
    if not _WHOLE.fullmatch(record):
        return None
    return [quoted[1:-1].replace('""', '"') if quoted else plain or None for quoted, plain in _CELL.findall(record)]


def _refusal(header: rejected.RejectedLine) -> ImportRefused:
    """Without a header no line can be read, whatever is to be done about conflicts."""
    return ImportRefused(ImportReport(0, 0, 1, (), (header,)))
