"""Which line of a project an error comes from."""

import sysconfig
from collections.abc import Sequence
from pathlib import Path
from traceback import walk_tb
from typing import Final

ENVIRONMENT: Final = "env.py"

_HERE: Final = Path(__file__).resolve().parent
_INSTALLED: Final = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")]


def innermost(stopped: BaseException, directories: Sequence[Path]) -> tuple[str, int]:
    """The innermost file and line of the project that an error comes from.

    Args:
        stopped: The error.
        directories: Where the code is that ran; none for all code that was not installed.
    """
    found = (ENVIRONMENT, 0) if directories else ("the mapping", 0)
    for frame, line in walk_tb(stopped.__traceback__):
        file = Path(frame.f_code.co_filename).resolve()
        if not directories and not file.is_relative_to(_HERE) and not any(map(file.is_relative_to, _INSTALLED)):
            found = (file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file).as_posix(), line
        for directory in directories:
            if file.is_relative_to(directory.resolve()):
                found = file.relative_to(directory.resolve().parent).as_posix(), line
                break
    return found
