"""Reads a file of records as it arrives."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from itertools import islice
from typing import Final

from foundation.files.comma_separated import CsvReader
from foundation.files.file_format import FileFormat
from foundation.files.ndjson import NdjsonReader
from foundation.files.schema import FileSchema, NewT, ReadLine

# Bytes and lines that are read at a time, so that other tasks of the event loop wait for some milliseconds at most:
# ordinary lines are read in microseconds each, and there may be as many lines as bytes.
_AT_A_TIME: Final = 32 * 1024
_LINES_AT_A_TIME: Final = 1000


async def read_records(
    pieces: AsyncIterable[bytes], file_format: FileFormat, schema: FileSchema[NewT]
) -> AsyncGenerator[Sequence[ReadLine[NewT]], None]:
    """The records of a file in batches; `pieces` are its content, cut anywhere.

    No line is held longer than until it is read, and none may be longer than 64 KiB.

    Raises:
        ImportRefused: it is CSV, and its header does not name the columns of the schema.
    """
    reader = CsvReader(schema) if file_format is FileFormat.CSV else NdjsonReader(schema)
    async for piece in pieces:
        for start in range(0, len(piece), _AT_A_TIME):
            lines = reader.feed(piece[start : start + _AT_A_TIME])
            while batch := list(islice(lines, _LINES_AT_A_TIME)):
                yield batch
                await asyncio.sleep(0)
    if last := list(reader.finish()):
        yield last
