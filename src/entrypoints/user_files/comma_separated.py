"""Users as CSV (RFC 4180), with a header that names the columns."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from application.users.import_users import ImportRefused, ImportReport, LineError, RejectedLine
from entrypoints.user_files.form import IMPORTED_FIELDS
from entrypoints.user_files.lines import LONGEST_LINE, Line, LineSplitter
from entrypoints.user_files.rejection import TOO_LONG, ReadLine, missing, read_values, surplus
from entrypoints.user_files.spreadsheets import escaped, unescaped

# What spreadsheets write before "CSV UTF-8".
_BYTE_ORDER_MARK: Final = "\ufeff"
_MALFORMED: Final = LineError(
    "#", "malformed-line", "must be cells between commas; one with a quote in it is quoted, and the quote is doubled"
)
_WRONG_NUMBER: Final = LineError("#", "wrong-number-of-cells", "must have as many cells as the header")
_REPEATED: Final = LineError("#", "repeated-column", "must name each column once")
# The grammar of RFC 4180, 2, where a quoted cell has no end yet, and where a record is whole.
_QUOTED: Final = r'"[^"]*+(?:""[^"]*+)*+"'
_PLAIN: Final = r'[^",\r\n]*+'
_OPEN: Final = re.compile(rf'(?:(?:{_QUOTED}|{_PLAIN}),)*+"[^"]*+(?:""[^"]*+)*+')
_WHOLE: Final = re.compile(rf"(?:{_QUOTED}|{_PLAIN})(?:,(?:{_QUOTED}|{_PLAIN}))*+")


class CsvReader:
    """Reads pieces of CSV, cut anywhere. Lines end in CR LF or LF; numbers count lines, not records.

    Raises:
        ImportRefused: the header does not name the columns `email` and `name`, in any order, each once.
    """

    def __init__(self) -> None:
        self._splitter = LineSplitter()
        self._number = 0
        self._columns: tuple[int, int] | None = None
        self._begun: list[str] = []
        self._length = 0

    def feed(self, piece: bytes) -> Iterator[ReadLine]:
        """What the records say that end in `piece`. To be read to its end before the next piece."""
        for line in self._splitter.feed(piece):
            yield from self._continue(line)

    def finish(self) -> Iterator[ReadLine]:
        """What the last record says, if it did not end in a line feed."""
        for line in self._splitter.finish():
            yield from self._continue(line)
        if self._begun:
            yield self._reject(self._number + 1, _MALFORMED)
        if self._columns is None:
            self._read_header([])

    def _continue(self, line: Line) -> Iterator[ReadLine]:
        """The record that ends with `line`, unless that is the header."""
        self._number += 1
        self._length += len(line or b"") + 1
        if line is None or self._length > LONGEST_LINE + 1:
            yield self._reject(self._number, TOO_LONG)
            return
        # A byte that is not UTF-8 becomes a lone surrogate, which no value may have: so its cell is named.
        text = line.decode("utf-8", "surrogateescape")
        if self._number == 1:
            text = text.removeprefix(_BYTE_ORDER_MARK)
        # Within a quoted cell a line looks as if it began with the quote.
        if _OPEN.fullmatch(f'"{text}' if self._begun else text):
            self._begun.append(text)
            return
        first, record = self._number - len(self._begun), "\n".join([*self._begun, text])
        cells = _cells(record.removesuffix("\r"))
        if cells is None:
            yield self._reject(self._number, _MALFORMED)
            return
        self._begun.clear()
        self._length = 0
        if self._columns is None:
            self._read_header(cells)
        else:
            yield self._read(first, cells)

    def _read(self, number: int, cells: Sequence[str]) -> ReadLine:
        if self._columns is None or len(cells) != len(self._columns):
            return RejectedLine(number, (_WRONG_NUMBER,))
        email, name = (unescaped(cells[column]) for column in self._columns)
        return read_values(number, email, name)

    def _read_header(self, names: Sequence[str]) -> None:
        errors = [missing(name) for name in IMPORTED_FIELDS if name not in names] + surplus(names)
        if len(set(names)) < len(names):
            errors.append(_REPEATED)
        if errors:
            raise _refusal(RejectedLine(1, tuple(errors)))
        self._columns = (names.index("email"), names.index("name"))

    def _reject(self, last: int, error: LineError) -> RejectedLine:
        """Give up the record that was begun before the line `last`, or with it; the next line begins another."""
        number = last - len(self._begun)
        self._begun.clear()
        self._length = 0
        if self._columns is None:
            raise _refusal(RejectedLine(number, (error,)))
        return RejectedLine(number, (error,))


class CsvWriter:
    """Writes rows as CSV, with the `fields` in their order as its head. No cell is run by a spreadsheet."""

    def __init__(self, fields: Sequence[str]) -> None:
        self.head = ",".join(fields) + "\r\n"

    def rows(self, rows: Iterable[Mapping[str, object]]) -> str:
        """A record for each of `rows`, whose values stand in the order of the fields."""
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(
            [escaped(value) if isinstance(value, str) else value for value in row.values()] for row in rows
        )
        return text.getvalue()


def _cells(record: str) -> list[str] | None:
    """The cells of a record; None when it breaks the grammar."""
    if '"' not in record and "\r" not in record:
        return record.split(",")
    if not _WHOLE.fullmatch(record):
        return None
    return next(csv.reader(io.StringIO(record, newline=""), strict=True))


def _refusal(header: RejectedLine) -> ImportRefused:
    """Without a header no line says anything, whatever is to be done about conflicts."""
    return ImportRefused(ImportReport(0, 0, 1, (), (header,)))
