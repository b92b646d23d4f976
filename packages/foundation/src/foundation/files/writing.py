"""Writes a file of users while they are being read."""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from typing import Final

from application.users.ports import UserView
from foundation.files.comma_separated import CsvWriter
from foundation.files.file_format import EXPORTED_FIELDS, Form
from foundation.files.ndjson import NdjsonWriter

# Bytes that are handed on at a time, at least.
_AT_A_TIME: Final = 64 * 1024
# Users that are written before anything else in the event loop has its turn: half a millisecond.
_WRITTEN_AT_ONCE: Final = 500


async def write_users(
    pages: AsyncIterable[Sequence[UserView]], form: Form, fields: Sequence[str] = EXPORTED_FIELDS
) -> AsyncGenerator[bytes, None]:
    """The file with these `fields` of the users, in pieces of about 64 KiB; the next page is read when they are gone.

    With `IMPORTED_FIELDS` it is a file that import takes, and an export of what was imported is the same again.
    """
    writer = CsvWriter(fields) if form is Form.CSV else NdjsonWriter(fields)
    content = bytearray(writer.head.encode())
    async for page in pages:
        for start in range(0, len(page), _WRITTEN_AT_ONCE):
            content += writer.rows(page[start : start + _WRITTEN_AT_ONCE]).encode()
            if len(content) >= _AT_A_TIME:
                yield bytes(content)
                content.clear()
    if content:
        yield bytes(content)
