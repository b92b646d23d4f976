"""Reads a file of users as it arrives."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from itertools import islice
from typing import Final

from foundation.files.comma_separated import CsvReader
from foundation.files.file_format import Form
from foundation.files.ndjson import NdjsonReader
from foundation.files.rejection import ReadLine

# Bytes and lines that are read at a time, so that whoever shares the event loop waits for some milliseconds: ordinary
# lines are read in microseconds each, and there may be as many lines as bytes.
_AT_A_TIME: Final = 32 * 1024
_LINES_AT_A_TIME: Final = 1000


async def read_users(pieces: AsyncIterable[bytes], form: Form) -> AsyncGenerator[Sequence[ReadLine], None]:
    """What the lines of a file say, some at a time; `pieces` are its content, cut anywhere.

    No line is held for longer than until it is read, and none may be longer than 64 KiB.

    Raises:
        ImportRefused: it is CSV, and its header does not name the columns of a user.
    """
    reader = CsvReader() if form is Form.CSV else NdjsonReader()
    async for piece in pieces:
        for start in range(0, len(piece), _AT_A_TIME):
            lines = reader.feed(piece[start : start + _AT_A_TIME])
            while some := list(islice(lines, _LINES_AT_A_TIME)):
                yield some
                await asyncio.sleep(0)
    if last := list(reader.finish()):
        yield last
