"""The file of a SQLite database: whether it is still the one that was opened, and has room."""

import os
import shutil
from pathlib import Path
from typing import Final

from foundation.kernel.errors import StorageUnavailable

# Bytes. SQLite writes a log of some pages with each commit, which it copies into the file from time to time.
_NEEDED: Final = 1024 * 1024


class DatabaseFile:
    """The file at `path`, as it is now.

    A process that has the file open keeps using it after it is deleted or replaced; what it writes there is lost.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = self._found()

    def check_identity(self) -> None:
        """Raise `StorageUnavailable` when the file is not the one that it was."""
        found = self._found()
        if found is None or found != (self._identity or found):
            raise StorageUnavailable(
                "The file of the SQLite database was deleted or replaced while it was open. Restart the service."
            )

    def _found(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 -- in half the time; before each commit
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def check(self) -> None:
        """Raise `StorageUnavailable` when the file is not the one that it was, or cannot be written to."""
        self.check_identity()
        if not os.access(self._path, os.W_OK):
            raise StorageUnavailable("The SQLite database may not be written to.")
        if shutil.disk_usage(self._path.parent).free < _NEEDED:
            raise StorageUnavailable("There is no room left for the SQLite database.")
