"""Make the virtual environment and keep it current: ``python scripts/environment.py runtime|dev``.

Cold, it says what it does and how long that took. Warm, it compares a stamp inside the environment and says
nothing. The text keeps to the syntax of Python 3.6: an old interpreter must get as far as the sentence that
says it is too old.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import json
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

if sys.version_info < (3, 11):  # noqa: UP036 - the line that refuses older ones
    sys.stderr.write("Python 3.11 or newer is needed; name one with PYTHON=python3.13\n")
    sys.exit(2)

from installers import ToolError, clean_environment, install, run, say, step

ROOT = Path(__file__).resolve().parent.parent
LOCK_FILES = {
    "runtime": ("build.lock", "runtime.lock"),
    "dev": ("dev.lock",),  # holds all that is in the two above
}
MARK = ".set-up.lock"  # locked while the environment changes; also says that the directory is ours to empty
STAMP = ".set-up.json"


class SetUpError(Exception):
    """The set-up cannot go on. Its text says why, as a sentence."""


class Stamp(NamedTuple):
    """What an environment was made of.

    Attributes:
        level: A key of LOCK_FILES.
        inputs: Checksum of the files that say what is installed; empty if an installer failed.
        place: The directory. Scripts and the editable installation name it, so a copy is no environment.
        python: The version of the interpreter.
        base: The interpreter underneath as a file: path, size and time of change.
    """

    level: str
    inputs: str
    place: str
    python: str
    base: str


class SetUp:
    """One call of the set-up, for one environment."""

    def __init__(self, venv: Path, level: str, *, this_python: bool = False, quiet: bool = False) -> None:
        self.venv = venv
        self.level = level
        self.this_python = this_python
        self.quiet = quiet

    def ensure(self) -> None:
        """Bring the environment to the level, unless it is there.

        Raises:
            SetUpError: The directory holds something else, or this Python cannot make environments.
            ToolError: An installer failed.
            OSError: The directory cannot be written, or a lock file cannot be read.
        """
        if self._is_current():
            return
        with self._locked() as lock:
            if self._is_current():  # another call was faster
                return
            stamp = self._stamp()
            reason = self._reason_to_rebuild(stamp)
            if stamp is None or reason:
                self._build(reason, lock)
            else:
                self._update(stamp, lock)

    def _is_current(self) -> bool:
        stamp = self._stamp()
        return (
            stamp is not None
            and not self._reason_to_rebuild(stamp)
            and self.level in ("runtime", stamp.level)
            and stamp.inputs == checksum(stamp.level)
            and (self.venv / "bin" / "fastapi-service").exists()
        )

    def _stamp(self) -> Stamp | None:
        try:
            stamp = Stamp(**json.loads((self.venv / STAMP).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return stamp if stamp.level in LOCK_FILES else None

    def _reason_to_rebuild(self, stamp: Stamp | None) -> str:
        if stamp is None:
            return "it was left unfinished" if (self.venv / "pyvenv.cfg").exists() else ""
        if stamp.place != str(self.venv):
            return "it was made in another place"
        if stamp.base != interpreter_file(self.venv):
            return "the interpreter underneath it has changed or is gone"
        if self.this_python and stamp.python != platform.python_version():
            return f"it had Python {stamp.python}"
        return ""

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Let one set-up at a time change the environment, and yield the lock; the others wait."""
        ours = any((self.venv / name).exists() for name in (MARK, "pyvenv.cfg"))
        if not ours and self.venv.exists() and not (self.venv.is_dir() and not any(self.venv.iterdir())):
            message = f"{self.venv} is something else than a virtual environment; name another with VENV="
            raise SetUpError(message)
        self.venv.mkdir(parents=True, exist_ok=True)
        with (self.venv / MARK).open("a", encoding="utf-8") as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"Another set-up is at work in {self.venv.name}; waiting for it.")
                fcntl.flock(mark, fcntl.LOCK_EX)
            yield mark.fileno()

    def _build(self, reason: str, lock: int) -> None:
        for module in ("venv", "ensurepip"):
            if importlib.util.find_spec(module) is None:
                message = f"{sys.executable} cannot make virtual environments: it lacks the module {module}"
                raise SetUpError(message + ", which Debian and Ubuntu ship in the package python3-venv")
        again = f" again, because {reason}" if reason else ""
        self._say(f"Making {self.venv.name} with Python {platform.python_version()}{again}")
        for entry in self.venv.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != MARK:
                entry.unlink()
        with step("virtual environment", quiet=self.quiet):
            # Started from within an environment, the interpreter underneath makes the new one.
            base = getattr(sys, "_base_executable", sys.executable)
            run([base, "-I", "-m", "venv", self.venv], environment=clean_environment(), lock=lock)
        self._install(platform.python_version(), lock)

    def _update(self, stamp: Stamp, lock: int) -> None:
        self._say(f"Updating {self.venv.name}")
        self.level = "dev" if "dev" in (self.level, stamp.level) else "runtime"
        (self.venv / STAMP).unlink()  # an update that is killed leaves no stamp, which is a reason to rebuild
        self._install(stamp.python, lock)

    def _install(self, version: str, lock: int) -> None:
        inputs = checksum(self.level)  # of what is read now: a file changed meanwhile makes it stale
        python = self.venv / "bin" / "python"
        stamp = Stamp(self.level, inputs, str(self.venv), version, interpreter_file(self.venv))
        try:
            install(python, ROOT, LOCK_FILES[self.level], quiet=self.quiet, lock=lock)
        except ToolError:
            # An installer that gives up, as without a network, leaves what the next call can go on with.
            self._write(stamp._replace(inputs=""))
            raise
        self._write(stamp)

    def _write(self, stamp: Stamp) -> None:
        draft = self.venv / (STAMP + ".draft")
        draft.write_text(json.dumps(stamp._asdict()), "utf-8")
        draft.replace(self.venv / STAMP)

    def _say(self, text: str) -> None:
        if not self.quiet:
            say(text)


def checksum(level: str) -> str:
    """Return a checksum over the files that say what an environment of this level holds."""
    digest = hashlib.sha256()
    for name in ("bootstrap.lock", *LOCK_FILES[level]):
        digest.update((ROOT / "requirements" / name).read_bytes())
    for path in (ROOT / "pyproject.toml", *sorted(ROOT.glob("packages/*/pyproject.toml"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def interpreter_file(venv: Path) -> str:
    """Return what tells the interpreter underneath an environment from another, or "" if it is gone."""
    path = (venv / "bin" / "python").resolve()
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def main() -> int:
    """Read the arguments, make the environment current, and return the exit status: 2 if that failed."""
    parser = argparse.ArgumentParser(description="Make the virtual environment, or bring it up to date.")
    parser.add_argument("level", choices=sorted(LOCK_FILES), help="what it is for")
    parser.add_argument("--venv", default=".venv", help="its directory, seen from the project's root")
    parser.add_argument("--this-python", action="store_true", help="rebuild one that has another version")
    parser.add_argument("--quiet", action="store_true", help="say nothing unless it fails")
    asked = parser.parse_args()
    venv = (ROOT / asked.venv).resolve()
    try:
        SetUp(venv, asked.level, this_python=asked.this_python, quiet=asked.quiet).ensure()
    except (SetUpError, ToolError, OSError) as failed:
        say(f"{failed}\nThe virtual environment is not ready.")
        return 2
    except KeyboardInterrupt:
        say("\nInterrupted. The next call starts over.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
