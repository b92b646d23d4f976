"""Reads a file of records as it arrives."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterator, Sequence
from itertools import islice
from typing import Final

from foundation.files.comma_separated import CsvReader
from foundation.files.file_format import FileFormat
from foundation.files.ndjson import NdjsonReader
from foundation.files.schema import FileSchema, NewT, ReadLine

# Bytes and lines that are read at a time, so that other tasks of the event loop wait for some milliseconds at most:
# ordinary lines are read in microseconds each, and there may be as many lines as bytes.
_AT_A_TIME: Final = 32 * 1024
_FEWEST_BYTES: Final = 1024
_LINES_AT_A_TIME: Final = 1000
# Lines that are not ordinary take up to a tenth of a millisecond each. So after this time, in seconds, others have
# their turn, which is looked for after so many lines.
_LONG: Final = 0.005
_LINES_BETWEEN_LOOKS: Final = 25


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
        for part in _parts(piece):
            lines = reader.feed(part)
            while batch := _batch(lines):
                yield batch
                await asyncio.sleep(0)
            await asyncio.sleep(0)
    if last := list(reader.finish()):
        yield last


def _parts(piece: bytes) -> Iterator[bytes]:
    """The piece in parts that are short, and have few lines."""
    start = 0
    while start < len(piece):
        size = _AT_A_TIME
        while size > _FEWEST_BYTES and piece.count(b"\n", start, start + size) > _LINES_AT_A_TIME:
            size //= 2
        yield piece[start : start + size]
        start += size


def _batch(lines: Iterator[ReadLine[NewT]]) -> list[ReadLine[NewT]]:
    """The next lines: many, or as many as can be read in a short time."""
    batch: list[ReadLine[NewT]] = []
    ended = time.perf_counter() + _LONG
    while len(batch) < _LINES_AT_A_TIME and (some := list(islice(lines, _LINES_BETWEEN_LOOKS))):
        batch += some
        if time.perf_counter() > ended:
            break
    return batch
