"""Writes a file of records while they are being read."""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from typing import Any, Final

from foundation.files.comma_separated import CsvWriter
from foundation.files.file_format import FileFormat
from foundation.files.ndjson import NdjsonWriter
from foundation.files.schema import FileSchema

# Bytes that are handed on at a time, at least.
_AT_A_TIME: Final = 64 * 1024
# Records that are written before other tasks of the event loop run: half a millisecond.
_WRITTEN_AT_ONCE: Final = 500


async def write_records(
    pages: AsyncIterable[Sequence[Any]],
    file_format: FileFormat,
    schema: FileSchema[Any],
    names: Sequence[str] | None = None,
) -> AsyncGenerator[bytes, None]:
    """The file with the fields `names` of the records, by default all, in pieces of about 64 KiB.

    The next page is read when the piece before it has been taken. With the names of `schema.imported` it is a file that
    import takes, and an export of what was imported is the same again.
    """
    fields = [schema.exported[name] for name in names or schema.exported]
    writer = CsvWriter(fields) if file_format is FileFormat.CSV else NdjsonWriter(fields)
    content = bytearray(writer.head.encode())
    async for page in pages:
        for start in range(0, len(page), _WRITTEN_AT_ONCE):
            content += writer.rows(page[start : start + _WRITTEN_AT_ONCE]).encode()
            if len(content) >= _AT_A_TIME:
                yield bytes(content)
                content.clear()
    if content:
        yield bytes(content)
