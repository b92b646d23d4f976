"""What commands on records of any kind share: times as options, lists of any length, and results in two formats.

A record is a read model: a named tuple of plain values.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import typer

from foundation.cli.output import Format, write_json, write_table
from foundation.kernel.pagination import MAX_LIMIT, Page, Position
from foundation.times import rfc3339

ViewT = TypeVar("ViewT")


def time_option(help_text: str) -> Any:
    """An option that takes a time."""
    return typer.Option(parser=_read_time, metavar="TIME", help=help_text)


def _read_time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter("write a time such as 2025-12-16T10:00:00Z; without a zone it is in UTC") from None


async def first_records(read_page: Callable[[int, Position | None], Awaitable[Page[ViewT]]], limit: int) -> list[ViewT]:
    """The first `limit` records of a list, page by page; `read_page` takes the size of a page and where it starts."""
    records: list[ViewT] = []
    after = None
    while len(records) < limit:
        page = await read_page(min(limit - len(records), MAX_LIMIT), after)
        records += page.items
        if page.next is None:
            break
        after = page.next
    return records


def write_record(record: Any, output: Format) -> None:
    """A record on standard output."""
    if output is Format.TEXT:
        write_table(record._fields, [_document(record)])
    else:
        write_json(_document(record))


def write_records(columns: Sequence[str], records: Sequence[Any], output: Format) -> None:
    """Records that have these `columns` on standard output."""
    documents = [_document(record) for record in records]
    if output is Format.TEXT:
        write_table(columns, documents)
    else:
        write_json(documents)


def _document(record: Any) -> dict[str, Any]:
    return {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in record._asdict().items()}
