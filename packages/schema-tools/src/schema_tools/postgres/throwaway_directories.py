"""Temporary directories that do not pile up, even when the processes that made them are killed."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

_PREFIX: Final = "throwaway-postgres-"
_LOCK: Final = "owner.lock"
# A new directory is locked a moment after it is there, and a server needs a moment to end after its owner.
_YOUNG_SECONDS: Final = 60.0


class ThrowawayDirectory:
    """A new directory, which `remove` deletes; those that a killed process could not delete go on this occasion.

    While its owner lives it is locked. The kernel takes the lock away from a process that ends, however it ends, so a
    directory that is not locked has no owner.

    Attributes:
        path: Where it is.
    """

    def __init__(self, parent: Path, owners: Collection[int] = ()) -> None:
        """Make a directory in `parent`, and delete those there that have no owner and belong to us or to `owners`."""
        _sweep(parent, {os.geteuid(), *owners})
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        self._lock = _locked(self.path)

    def remove(self) -> None:
        """Delete the directory with everything in it. Nothing happens the second time."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _sweep(parent: Path, owners: Collection[int]) -> None:
    for path in parent.glob(f"{_PREFIX}*"):
        # Somebody else may delete it, or forbid to look, meanwhile.
        with contextlib.suppress(OSError):
            found = path.stat()
            if found.st_uid in owners and time.time() - found.st_mtime > _YOUNG_SECONDS:
                lock = _locked(path)
                if lock is not None:
                    shutil.rmtree(path, ignore_errors=True)
                    os.close(lock)


def _locked(path: Path) -> int | None:
    """Lock the directory, and return what holds the lock until it is closed; None when it is locked already."""
    descriptor = os.open(path / _LOCK, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
