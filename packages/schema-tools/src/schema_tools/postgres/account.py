"""The account that a throwaway PostgreSQL server runs under, and the directory it has: PostgreSQL refuses root."""

import contextlib
import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from schema_tools.errors import PostgresUnavailable
from schema_tools.postgres import launcher
from schema_tools.postgres.binaries import PostgresInstallation

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
        # Another process may delete it, or make it unreadable, meanwhile.
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


_LAUNCHER: Final = (sys.executable, "-I", "-S", launcher.__file__)


@dataclass(frozen=True, slots=True)
class Account:
    """How to run PostgreSQL's programs: `directory` belongs to the account alone, `name` is the launcher's."""

    directory: ThrowawayDirectory
    name: Literal["same", "namespace", "nobody"] = "same"

    @property
    def home(self) -> Path:
        """Where its directory is."""
        return self.directory.path

    def command(self, program: Path, *arguments: str) -> list[str]:
        """The command that runs a program under this account; on Linux it ends when the thread that runs it does."""
        return [*_LAUNCHER, self.name, str(program), *arguments]

    def private_file(self, name: str, content: str) -> Path:
        """Write a file into the home that only the account can read."""
        path = self.home / name
        path.touch(mode=0o600)
        path.write_text(content)
        if self.name == "nobody":
            os.chown(path, launcher.NOBODY, launcher.NOBODY)
        return path


def account_for(installation: PostgresInstallation) -> Account:
    """An account that `installation` can run under.

    For an ordinary account that is the account itself. Root becomes `nobody` in a new namespace of accounts, where
    `nobody` need own nothing outside; where namespaces are forbidden, it becomes `nobody` outright.

    Raises:
        PostgresUnavailable: Root may not make namespaces, and `nobody` may not read the programs.
    """
    temporary = Path(tempfile.gettempdir())
    if os.geteuid() != 0:
        return Account(ThrowawayDirectory(temporary))
    if subprocess.run([*_LAUNCHER, "namespace"], capture_output=True, check=False).returncode == 0:  # noqa: S603
        return Account(ThrowawayDirectory(temporary), "namespace")
    if not _is_world_searchable(installation.bindir):
        raise PostgresUnavailable(
            f"PostgreSQL does not run as root, and the account nobody cannot read {installation.bindir};"
            " run this as an ordinary account"
        )
    candidates = [temporary, Path("/tmp"), Path("/var/tmp")]  # noqa: S108 -- private ones inside
    public = next((path for path in candidates if _is_world_searchable(path)), temporary)
    directory = ThrowawayDirectory(public, owners=[launcher.NOBODY])
    os.chown(directory.path, launcher.NOBODY, launcher.NOBODY)
    return Account(directory, "nobody")


def _is_world_searchable(directory: Path) -> bool:
    resolved = directory.resolve()
    return all(path.stat().st_mode & stat.S_IXOTH for path in (resolved, *resolved.parents))
