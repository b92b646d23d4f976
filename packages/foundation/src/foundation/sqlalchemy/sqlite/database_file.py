"""The file of a SQLite database: whether it is still the one that was opened, and has room."""

import os
import shutil
import sqlite3
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias
from weakref import WeakSet

from foundation.kernel.errors import StorageUnavailable

# Bytes. SQLite writes a log of some pages with each commit, which it copies into the file from time to time.
_NEEDED: Final = 1024 * 1024

_Identity: TypeAlias = tuple[int, int]


class DatabaseFile:
    """The file at `path`, as it is now.

    A process that has the file open keeps using it after it is deleted or replaced; what it writes there is lost. The
    same is true of the write-ahead log beside it. SQLite deletes that itself, but not while a connection is open.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._identity = _identity(path)
        self._log = path.with_name(f"{path.name}-wal")
        self._identity_of_log: _Identity | None = None
        self._open: WeakSet[sqlite3.Connection] = WeakSet()
        self._lock = Lock()  # connections are opened and closed by threads of their own

    def note_log(self, connection: sqlite3.Connection) -> None:
        """The connection has the log open, so that it stays the same until `closing`."""
        with self._lock:
            if not self._open:
                self._identity_of_log = None
            self._identity_of_log = self._identity_of_log or _identity(self._log)
            if self._identity_of_log is not None:  # that of a new database begins with its first transaction
                self._open.add(connection)

    def __contains__(self, connection: sqlite3.Connection) -> bool:
        """Whether `note_log` was called for it."""
        return connection in self._open

    def closing(self, connection: sqlite3.Connection) -> None:
        """The connection is about to be closed; the last one deletes the log."""
        with self._lock:
            self._open.discard(connection)

    def check_identity(self) -> None:
        """Raise `StorageUnavailable` when the file is not the one that it was, or its log is not."""
        found, log = _identity(self.path), _identity(self._log)
        expected = self._identity_of_log
        if found is None or found != (self._identity or found) or (expected and expected != log and self._open):
            raise StorageUnavailable(
                "The file of the SQLite database, or its write-ahead log, was deleted or replaced while it was open."
                " Restart the service."
            )

    def check(self) -> None:
        """Raise `StorageUnavailable` when the file is not the one that it was, or cannot be written to."""
        self.check_identity()
        if not os.access(self.path, os.W_OK):
            raise StorageUnavailable("The SQLite database may not be written to.")
        if shutil.disk_usage(self.path.parent).free < _NEEDED:
            raise StorageUnavailable("There is no room left for the SQLite database.")


def _identity(path: Path) -> _Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
