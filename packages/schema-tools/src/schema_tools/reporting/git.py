"""What git knows of a project's files; every answer is none where there is no git, or no checkout."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

# No answer takes long; without a limit, a file system that hangs would hang the command. In seconds.
_PATIENCE: Final = 60
# https://git-scm.com/docs/githooks
_OF_HOOKS: Final = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"})


def git(directory: Path, *arguments: str) -> str | None:
    """What a command of git writes in `directory`, or in the nearest one above it that exists; None when it fails."""
    done = _run(directory, *arguments)
    return done.stdout.decode(errors="surrogateescape") if done is not None and done.returncode == 0 else None


def why_not(directory: Path) -> str:
    """Why git has no answers for `directory`, in its own words."""
    done = _run(directory, "rev-parse", "--show-toplevel")
    if done is None:
        return "git is not installed"
    return next(iter(done.stderr.decode(errors="replace").splitlines()), "git says nothing")


def _run(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes] | None":
    program = shutil.which("git")
    place = next((one for one in (directory, *directory.parents) if one.is_dir()), None)
    if program is None or place is None:
        return None
    # A hook of git has variables that say where its repository is, from another directory than this one.
    environment = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    try:
        return subprocess.run(  # noqa: S603 -- a program that was just looked up
            [program, "-C", str(place), *arguments],
            capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=_PATIENCE,
            env={**environment, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None


def top_level(directory: Path) -> Path | None:
    """The directory of the checkout that `directory` is in; None where it is in none."""
    found = git(directory, "rev-parse", "--show-toplevel")
    return Path(found.removesuffix("\n")) if found else None


def is_known(path: Path) -> bool:
    """Whether git has the file, in its index or in the last commit."""
    path = path.resolve()
    top = top_level(path.parent)
    if top is None or not path.is_relative_to(top):
        return False
    name = path.relative_to(top).as_posix()
    in_index = git(top, "ls-files", "--error-unmatch", "--", f":(literal){name}")
    return in_index is not None or git(top, "cat-file", "-e", f"HEAD:{name}") is not None
