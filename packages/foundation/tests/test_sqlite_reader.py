"""Reads on SQLite in threads: they wait for no longer than they may, and are not lost."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, bindparam, select

from foundation.kernel.deadline import time_limit
from foundation.kernel.errors import StorageOverloaded
from foundation.sqlalchemy.sqlite.connection import NotAnswered
from foundation.sqlalchemy.sqlite.reader import SqliteReader

NOTES = Table("notes", MetaData(), Column("id", Integer, primary_key=True), Column("body", String))
ONE = select(NOTES.c.id, NOTES.c.body).where(NOTES.c.id == bindparam("id"))
QUEUE = 3

pytestmark = pytest.mark.anyio


class Disk:
    """Opens connections to a file, unless the disk hangs."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.answers = threading.Event()
        self.answers.set()
        self.opened = 0
        self.closed = 0

    def connect(self) -> sqlite3.Connection:
        self.opened += 1
        self.answers.wait(30)
        disk = self

        class Connection(sqlite3.Connection):
            def close(self) -> None:
                disk.closed += 1
                super().close()

        return sqlite3.connect(self._file, factory=Connection)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    file = tmp_path / "notes.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)")
        connection.executemany("INSERT INTO notes VALUES (?, ?)", [(number, f"note {number}") for number in range(10)])
    connection.close()
    disk = Disk(file)
    yield disk
    disk.answers.set()


def reader_of(disk: Disk) -> SqliteReader:
    return SqliteReader(disk.connect, queue=QUEUE, use_timeout=timedelta(seconds=30))


async def read(reader: SqliteReader, number: int) -> list[tuple[int, str]]:
    return await reader.rows(ONE, {"id": number}, tuple)


async def test_calls_at_once_get_their_own_rows_on_two_connections(disk: Disk) -> None:
    reader = reader_of(disk)

    for _ in range(20):
        found = await asyncio.gather(*(read(reader, number) for number in range(QUEUE + 2)))
        assert found == [[(number, f"note {number}")] for number in range(QUEUE + 2)]

    assert disk.opened <= 2
    await reader.close()
    assert disk.closed == disk.opened


async def test_what_sqlite_refuses_is_raised_and_the_thread_lives_on(disk: Disk) -> None:
    reader = reader_of(disk)
    missing = select(Table("missing", MetaData(), Column("id", Integer)).c.id)

    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await reader.rows(missing, {}, tuple)

    assert await read(reader, 1) == [(1, "note 1")]
    await reader.close()


async def test_a_call_too_many_is_refused_at_once_and_the_others_are_answered(disk: Disk) -> None:
    reader = reader_of(disk)
    disk.answers.clear()
    waiting = [asyncio.create_task(read(reader, number)) for number in range(QUEUE + 2)]
    await asyncio.sleep(0)

    began = time.monotonic()
    with pytest.raises(StorageOverloaded):
        await read(reader, 9)
    assert time.monotonic() - began < 1

    disk.answers.set()
    assert [rows[0][0] for rows in await asyncio.gather(*waiting)] == list(range(QUEUE + 2))
    await reader.close()


async def test_a_disk_that_hangs_holds_calls_no_longer_than_their_deadline_and_no_more_threads(disk: Disk) -> None:
    reader = reader_of(disk)
    disk.answers.clear()

    for _ in range(3):
        began = time.monotonic()
        with time_limit(0.2):
            found = await asyncio.gather(*(read(reader, number) for number in range(4)), return_exceptions=True)
        assert [type(one) for one in found] == [NotAnswered] * 4
        assert time.monotonic() - began < 2
    assert disk.opened == 2

    disk.answers.set()
    async with asyncio.timeout(10):
        outcome: object = None
        while outcome != [(1, "note 1")]:
            [outcome] = await asyncio.gather(read(reader, 1), return_exceptions=True)
    await reader.close()


async def test_a_caller_that_goes_leaves_its_connection_to_the_next(disk: Disk) -> None:
    reader = reader_of(disk)
    disk.answers.clear()
    gone = asyncio.create_task(read(reader, 1))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    disk.answers.set()

    assert await read(reader, 2) == [(2, "note 2")]
    await reader.close()


def test_a_reader_serves_one_event_loop_after_the_other(disk: Disk) -> None:
    reader = reader_of(disk)

    for number in range(3):
        assert asyncio.run(read(reader, number)) == [(number, f"note {number}")]
    asyncio.run(reader.close())
