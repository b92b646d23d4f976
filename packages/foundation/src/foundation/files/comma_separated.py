"""Users as CSV (RFC 4180), with a header that names the columns."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from application.users.import_users import ImportRefused, ImportReport, LineError, RejectedLine
from application.users.ports import UserView
from foundation.files.columns import column
from foundation.files.file_format import IMPORTED_FIELDS
from foundation.files.lines import LONGEST_LINE, Line, LineSplitter, lines_of
from foundation.files.ordinary import read_together
from foundation.files.rejection import TOO_LONG, ReadLine, missing, read_values, surplus
from foundation.files.spreadsheets import begins_formula, escaped, unescaped

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

# The record that nearly every record is: two cells on a line, without quotes and not escaped for spreadsheets.
_ORDINARY: Final = re.compile(r"^((?!')[^\",\r\n]*+),((?!')[^\",\r\n]*+)\r?\n", re.MULTILINE)
# What no cell without quotes has.
_NO_PLAIN: Final = re.compile(r'[",\r\n]')


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
        return self._read_lines(self._splitter.feed(piece))

    def finish(self) -> Iterator[ReadLine]:
        """What the last record says, if it did not end in a line feed."""
        yield from self._read_lines(self._splitter.finish())
        if self._begun:
            yield self._reject(self._number + 1, _MALFORMED)
        if self._columns is None:
            self._read_header([])

    def _read_lines(self, lines: bytes) -> Iterator[ReadLine]:
        # Where nothing is quoted each line is a record.
        if self._columns is not None and not self._begun and b'"' not in lines:
            together = read_together(_ORDINARY, lines, self._number + 1, self._columns, self._read_unquoted)
            if together is not None:
                self._number += lines.count(b"\n")
                return together
        return chain.from_iterable(map(self._continue, lines_of(lines)))

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
        if (self._begun or '"' in text) and _OPEN.fullmatch(f'"{text}' if self._begun else text):
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

    def _read_unquoted(self, number: int, line: str) -> ReadLine:
        cells = _cells(line.removesuffix("\r"))
        return RejectedLine(number, (_MALFORMED,)) if cells is None else self._read(number, cells)

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
    """Writes users as CSV, with the `fields` in their order as its head. No cell is run by a spreadsheet."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        self.head = ",".join(fields) + "\r\n"

    def rows(self, users: Sequence[UserView]) -> str:
        """A record for each of `users`, of whom there is at least one."""
        columns = [_written(column(users, field)) for field in self._fields]
        return "\r\n".join([*map(",".join, zip(*columns, strict=True)), ""])


def _written(values: Sequence[str]) -> Sequence[str]:
    """The values as cells. Those that are written as they are, as nearly all are, are looked at all at once."""
    text = "\n".join(["", *values])
    special = '"' in text or "," in text or "\r" in text or text.count("\n") > len(values) or "" in values
    if not special and not begins_formula(text):
        return values
    return [_quoted(escaped(value)) for value in values]


def _quoted(cell: str) -> str:
    # RFC 4180, 2; an empty cell is quoted, because nothing on a line may be no cell at all.
    return '"' + cell.replace('"', '""') + '"' if not cell or _NO_PLAIN.search(cell) else cell


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
