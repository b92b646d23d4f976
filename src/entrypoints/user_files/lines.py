"""Cuts a stream of bytes into lines, and keeps no more of it than a line may be long."""

from collections.abc import Sequence
from typing import Final, TypeAlias

LONGEST_LINE: Final = 64 * 1024

Line: TypeAlias = bytes | None
"""A line without its line feed; None for one that is too long, whose content is gone."""


class LineSplitter:
    """Takes the pieces of a stream, cut anywhere, and gives the lines that they complete."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._too_long = False

    def feed(self, piece: bytes) -> Sequence[Line]:
        """The lines that end in `piece`."""
        first, *others = piece.split(b"\n")
        self._continue(first)
        if not others:
            return ()
        lines = [self._end(), *(line if len(line) <= LONGEST_LINE else None for line in others[:-1])]
        self._continue(others[-1])
        return lines

    def finish(self) -> Sequence[Line]:
        """The last line, if the stream did not end in a line feed."""
        return [self._end()] if self._begun or self._too_long else ()

    def _continue(self, part: bytes) -> None:
        self._begun += part
        if len(self._begun) > LONGEST_LINE:
            self._too_long = True
        if self._too_long:
            self._begun.clear()

    def _end(self) -> Line:
        line = None if self._too_long else bytes(self._begun)
        self._begun.clear()
        self._too_long = False
        return line
