"""Writes a file of users while they are being read."""

from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from application.ports.users import UserView
from entrypoints.times import rfc3339
from entrypoints.user_files.comma_separated import CsvWriter
from entrypoints.user_files.form import EXPORTED_FIELDS, Form
from entrypoints.user_files.ndjson import NdjsonWriter

# Bytes that are handed on at a time, at least.
_AT_A_TIME: Final = 64 * 1024
# Users that are written before anything else in the event loop has its turn.
_WRITTEN_AT_ONCE: Final = 250


async def write_users(
    pages: AsyncIterable[Sequence[UserView]], form: Form, fields: Sequence[str] = EXPORTED_FIELDS
) -> AsyncGenerator[bytes, None]:
    """The file with these `fields` of the users, in pieces of about 64 KiB; the next page is read when they are gone.

    With `IMPORTED_FIELDS` it is a file that import takes, and an export of what was imported is the same again.
    """
    writer = CsvWriter(fields) if form is Form.CSV else NdjsonWriter()
    content = bytearray(writer.head.encode())
    async for page in pages:
        for start in range(0, len(page), _WRITTEN_AT_ONCE):
            some = page[start : start + _WRITTEN_AT_ONCE]
            content += writer.rows([_row(user, fields) for user in some]).encode()
            if len(content) >= _AT_A_TIME:
                yield bytes(content)
                content.clear()
    if content:
        yield bytes(content)


def _row(user: UserView, fields: Sequence[str]) -> Mapping[str, object]:
    values = ((name, getattr(user, name)) for name in fields)
    return {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in values}
