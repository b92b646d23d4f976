"""Users as NDJSON: one JSON object a line."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, repeat
from typing import Final

import orjson

from application.users.import_users import LineError, RejectedLine
from application.users.ports import UserView
from foundation.files.columns import column
from foundation.files.lines import Line, LineSplitter, lines_of
from foundation.files.ordinary import read_together
from foundation.files.rejection import TOO_LONG, ReadLine, read_members
from foundation.strict_json import NotStrictJson, read_json

_NOT_JSON: Final = LineError("#", "malformed-line", "must be a valid JSON document")
# The line that nearly every line is: both fields in order, and nothing escaped. Whatever it matches, the JSON reader
# reads in the same way, only slower; what it does not match is left to that reader.
_ORDINARY: Final = re.compile(
    r'^\{ ?"email": ?"([^"\\\x00-\x1f]*+)", ?"name": ?"([^"\\\x00-\x1f]*+)" ?\}\r?\n',  # RFC 8259, 7
    re.MULTILINE,
)
# Where a value stands in a line.
_VALUE: Final = "\0"


class NdjsonReader:
    """Reads pieces of NDJSON, cut anywhere."""

    def __init__(self) -> None:
        self._splitter = LineSplitter()
        self._read_before = 0

    def feed(self, piece: bytes) -> Iterator[ReadLine]:
        """What the lines say that end in `piece`. To be read to its end before the next piece."""
        return self._read(self._splitter.feed(piece))

    def finish(self) -> Iterator[ReadLine]:
        """What the last line says, if it did not end in a line feed."""
        return self._read(self._splitter.finish())

    def _read(self, lines: bytes) -> Iterator[ReadLine]:
        first = self._read_before + 1
        self._read_before += lines.count(b"\n")
        together = read_together(_ORDINARY, lines, first, (0, 1), _read_text)
        return map(_read_line, count(first), lines_of(lines)) if together is None else together


def _read_text(number: int, line: str) -> ReadLine:
    return _read_line(number, line.encode())


def _read_line(number: int, line: Line) -> ReadLine:
    if line is None:
        return RejectedLine(number, (TOO_LONG,))
    try:
        return read_members(number, read_json(line))
    except NotStrictJson:
        return RejectedLine(number, (_NOT_JSON,))


class NdjsonWriter:
    """Writes users as NDJSON, which has no head."""

    head: Final = ""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        members = (f'"{field}":{_VALUE}' if field == "id" else f'"{field}":"{_VALUE}"' for field in fields)
        self._before, *self._behind = f"{{{','.join(members)}}}\n".split(_VALUE)

    def rows(self, users: Sequence[UserView]) -> str:
        """A line for each of `users`, of whom there is at least one."""
        parts: list[Iterable[str]] = [repeat(self._before)]
        for field, behind in zip(self._fields, self._behind, strict=True):
            parts += [_escaped(column(users, field)), repeat(behind)]
        return "".join(chain.from_iterable(zip(*parts, strict=False)))


def _escaped(values: Sequence[str]) -> Sequence[str]:
    """What stands between the quotes (RFC 8259, 7)."""
    content = orjson.dumps(values)
    if b'\\"' in content:
        return [orjson.dumps(value)[1:-1].decode() for value in values]
    # No quote stands within a value, so that these three characters part two of them.
    return content[2:-2].decode().split('","')
