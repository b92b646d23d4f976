"""The account that a throwaway PostgreSQL server runs under, and the directory it has: PostgreSQL refuses root."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schema_tools.errors import PostgresUnavailable
from schema_tools.postgres.binaries import PostgresInstallation
from schema_tools.postgres.throwaway_directories import ThrowawayDirectory

_NOBODY: Final = 65534


@dataclass(frozen=True, slots=True)
class Account:
    """How to run PostgreSQL's programs.

    Attributes:
        directory: A new directory that belongs to the account, and to nobody else.
        prefix: What goes before a command.
        user: The user and group to become, or None to stay.
        groups: The other groups to have then, or None to keep them.
    """

    directory: ThrowawayDirectory
    prefix: tuple[str, ...] = ()
    user: int | None = None
    groups: Sequence[int] | None = None

    @property
    def home(self) -> Path:
        """Where its directory is."""
        return self.directory.path

    @property
    def dies_with_its_owner(self) -> tuple[str, ...]:
        """What goes before a command, after `prefix`, that must end when its parent does (Linux only)."""
        setpriv = shutil.which("setpriv")
        return (setpriv, "--pdeathsig", "INT", "--") if setpriv else ()

    def private_file(self, name: str, content: str) -> Path:
        """Write a file into the home that only the account can read."""
        path = self.home / name
        path.touch(mode=0o600)
        path.write_text(content)
        if self.user is not None:
            os.chown(path, self.user, self.user)
        return path


def account_for(installation: PostgresInstallation) -> Account:
    """An account that `installation` can run under.

    For an ordinary user that is the user. Root becomes `nobody` inside a user namespace, which needs no such user to
    own anything outside; where namespaces are forbidden, it becomes `nobody` outright.

    Raises:
        PostgresUnavailable: Root may not make namespaces, and `nobody` may not read the programs.
    """
    temporary = Path(tempfile.gettempdir())
    if os.geteuid() != 0:
        return Account(ThrowawayDirectory(temporary))
    namespace = _namespace()
    if namespace:
        return Account(ThrowawayDirectory(temporary), prefix=namespace)
    if not _everybody_can_enter(installation.bindir):
        raise PostgresUnavailable(
            f"PostgreSQL does not run as root, and the user nobody cannot read {installation.bindir};"
            " run this as an ordinary user"
        )
    directory = ThrowawayDirectory(_public_directory(), users=[_NOBODY])
    os.chown(directory.path, _NOBODY, _NOBODY)
    return Account(directory, user=_NOBODY, groups=())


def _namespace() -> tuple[str, ...]:
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    prefix = (unshare, "-U", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}", "--")
    tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)  # noqa: S603
    return prefix if tried.returncode == 0 else ()


def _public_directory() -> Path:
    candidates = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108 -- private ones inside
    return next((path for path in candidates if _everybody_can_enter(path)), candidates[0])


def _everybody_can_enter(directory: Path) -> bool:
    resolved = directory.resolve()
    return all(path.stat().st_mode & stat.S_IXOTH for path in (resolved, *resolved.parents))
