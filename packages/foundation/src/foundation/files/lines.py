"""Cuts a stream of bytes into lines, and keeps no more of it than a line may be long."""

from collections.abc import Iterator
from typing import Final, TypeAlias

MAX_LINE_LENGTH: Final = 64 * 1024

Line: TypeAlias = bytes | None
"""A line without its line feed; None for one that is too long."""


class LineSplitter:
    """Takes the pieces of a stream, cut anywhere, and gives the lines that they complete."""

    def __init__(self) -> None:
        self._begun = bytearray()

    def feed(self, piece: bytes) -> bytes:
        """The lines that end in `piece`, each with its line feed; of one that is too long perhaps not all of it."""
        end = piece.rfind(b"\n") + 1
        lines = bytes(self._begun) + piece[:end] if end else b""
        if end:
            self._begun.clear()
        # A byte more than a line may have, so that one that is too long stays so.
        self._begun += piece[end:][: MAX_LINE_LENGTH + 1 - len(self._begun)]
        return lines

    def finish(self) -> bytes:
        """The last line, with a line feed, if the stream did not end in one."""
        return self.feed(b"\n") if self._begun else b""


def lines_of(lines: bytes) -> Iterator[Line]:
    """The lines one by one; each of them has its line feed."""
    start = 0
    while start < len(lines):
        end = lines.index(b"\n", start)
        yield lines[start:end] if end - start <= MAX_LINE_LENGTH else None
        start = end + 1
