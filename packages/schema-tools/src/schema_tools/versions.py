"""Where the revision files of a project are."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAME: Final = "versions.lock"
"""The name of the file that has the checksums of revisions."""

_NOT_A_REVISION: Final = ("__init__", ".#")


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The directories of the revision files.

    Attributes:
        directories: At least one.
        lock: The file with the checksums of the revisions, which may be there.
        recursive: Whether the directories below these have revision files as well.
    """

    directories: tuple[Path, ...]
    lock: Path
    recursive: bool = False

    def __iter__(self) -> Iterator[Path]:
        """The revision files, by directory and name."""
        for directory in self.directories:
            found = directory.rglob("*.py") if self.recursive else directory.glob("*.py")
            yield from sorted(one for one in found if not one.name.startswith(_NOT_A_REVISION))

    def __contains__(self, file: Path) -> bool:
        """Whether a file is where revision files are."""
        parents = file.parents if self.recursive else file.parents[:1]
        return any(directory in parents for directory in self.directories)

    def file(self, name: str) -> Path:
        """The revision file of a name, or where it would be."""
        return next((one for one in self if one.name == name), self.directories[0] / name)
