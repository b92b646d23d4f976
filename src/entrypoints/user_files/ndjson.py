"""Users as NDJSON: one JSON object a line."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Final

from application.users.import_users import LineError, RejectedLine
from entrypoints.strict_json import NotStrictJson, read_json
from entrypoints.user_files.lines import Line, LineSplitter
from entrypoints.user_files.rejection import TOO_LONG, ReadLine, read_members, read_values

_NOT_JSON: Final = LineError("#", "malformed-line", "must be a valid JSON document")
# The line that nearly every line is: both fields in order, and nothing escaped. Whatever it matches, the JSON reader
# reads in the same way, only slower; what it does not match is left to that reader.
_ORDINARY: Final = re.compile(
    rb'\{ ?"email": ?"([^"\\\x00-\x1f]*+)", ?"name": ?"([^"\\\x00-\x1f]*+)" ?\}\r?'  # RFC 8259, 7
)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class NdjsonReader:
    """Reads pieces of NDJSON, cut anywhere."""

    def __init__(self) -> None:
        self._splitter = LineSplitter()
        self._numbers = count(1)

    def feed(self, piece: bytes) -> Iterator[ReadLine]:
        """What the lines say that end in `piece`. To be read to its end before the next piece."""
        return map(self._read, self._splitter.feed(piece))

    def finish(self) -> Iterator[ReadLine]:
        """What the last line says, if it did not end in a line feed."""
        return map(self._read, self._splitter.finish())

    def _read(self, line: Line) -> ReadLine:
        number = next(self._numbers)
        if line is None:
            return RejectedLine(number, (TOO_LONG,))
        try:
            if ordinary := _ORDINARY.fullmatch(line):
                return read_values(number, ordinary[1].decode(), ordinary[2].decode())
            return read_members(number, read_json(line))
        except (NotStrictJson, UnicodeDecodeError):
            return RejectedLine(number, (_NOT_JSON,))


class NdjsonWriter:
    """Writes rows as NDJSON, which has no head."""

    head: Final = ""

    def rows(self, rows: Iterable[Mapping[str, object]]) -> str:
        """A line for each of `rows`."""
        return "".join([f"{_ENCODER.encode(row)}\n" for row in rows])
