"""How the service connects to SQLite."""

import os
import sqlite3
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, ExceptionContext, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from foundation.kernel.errors import StorageMisconfigured
from foundation.sqlalchemy.limits import Limits, pool_options
from foundation.sqlalchemy.sqlite.connection import NotAnswered, SqliteConnections, connected
from foundation.sqlalchemy.sqlite.database_file import DatabaseFile


def database_file(url: URL) -> DatabaseFile:
    """The file at `url`, which is made when it is missing; its directory is not.

    Raises:
        StorageMisconfigured: there can be no such file.
    """
    if not url.database or url.database == ":memory:":
        raise StorageMisconfigured("DATABASE_URL names no file for SQLite; memory:// is the storage without one.")
    if url.query:
        raise StorageMisconfigured("DATABASE_URL may have no parameters after a ? for SQLite.")
    _check_path(Path(url.database))
    _create_privately(Path(url.database))
    return DatabaseFile(Path(url.database))


def open_sqlite(url: URL, file: DatabaseFile, limits: Limits, pool_size: int) -> AsyncEngine:
    """An engine for the `file` at `url`.

    Its calls end with the deadline of their caller, also when the disk does not answer.
    """
    engine = create_async_engine(
        url,
        # No implicit BEGIN by the driver: see `SqliteTransaction`.
        connect_args={
            "async_creator_fn": SqliteConnections(file, pool_size).open,
            "isolation_level": None,
            "timeout": limits.lock_timeout.total_seconds(),
            # The thread that forgets a connection is not always the one that made it.
            "check_same_thread": False,
        },
        # A connection to a file does not break.
        **{**pool_options(limits, pool_size), "pool_pre_ping": False},
    )
    event.listen(engine.sync_engine, "connect", partial(_prepare_sqlite, _temporary_store()))
    event.listen(engine.sync_engine, "handle_error", _forget_hanging)
    return engine


def connect_reader(file: DatabaseFile, lock_timeout: timedelta) -> sqlite3.Connection:
    """A connection of the thread that calls this, which reads the `file`.

    Raises:
        StorageUnavailable: the file was deleted or replaced.
        sqlite3.Error: it cannot be opened.
    """
    connection = connected(file, str(file.path), isolation_level=None, timeout=lock_timeout.total_seconds())
    try:
        _set_pragmas(connection.cursor(), _temporary_store())
        file.note_log(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _forget_hanging(context: ExceptionContext) -> None:
    # Without being asked to undo anything, which it could not; the others may answer.
    if isinstance(context.original_exception, NotAnswered):
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False


def _check_path(file: Path) -> None:
    try:
        if not file.parent.is_dir():
            raise StorageMisconfigured(f"The directory {file.parent} of DATABASE_URL does not exist; create it first.")
        if file.is_dir():
            raise StorageMisconfigured(f"DATABASE_URL names {file}, which is a directory; SQLite needs a file.")
        if "\0" in str(file):
            raise StorageMisconfigured("DATABASE_URL holds %00, a zero byte, which no name of a file may.")
    except OSError as error:
        raise StorageMisconfigured(f"DATABASE_URL names a file that cannot be reached: {error.strerror}.") from None


def _create_privately(file: Path) -> None:
    """Make a new database readable by its owner only; SQLite gives the files beside it the same mode."""
    try:
        os.close(os.open(file, os.O_CREAT, 0o600))
    except OSError:
        return  # SQLite will say it, when it opens the file


def _prepare_sqlite(temporary_store: str, connection: Any, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    _set_pragmas(cursor, temporary_store)
    cursor.close()
    connection.driver_connection.note_log()


def _set_pragmas(cursor: Any, temporary_store: str) -> None:
    # FULL: an acknowledged commit survives a power failure in WAL mode, too (https://www.sqlite.org/pragma.html).
    for pragma in ("synchronous = FULL", "foreign_keys = ON", f"temp_store = {temporary_store}"):
        cursor.execute(f"PRAGMA {pragma}")
    try:
        cursor.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
            raise  # a file that may not be written to can be read as it is


def _temporary_store() -> str:
    """Where SQLite keeps what a large import may have to undo: in files, or in memory where none can be written."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        return "MEMORY"
    return "FILE"
