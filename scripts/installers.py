"""Run pip and uv so that the same project is installed wherever and by whomever they are run.

Both tools read settings from the environment and from files. Those that say how packages are reached (index,
proxy, certificate, cache) are kept, because only the user knows them; those that say what is installed, or
where, are not, because the lock files say that.
"""

import ast
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

TRANSPORT = re.compile(
    r"(PIP|UV)_\w*(INDEX|FIND_LINKS|CERT|PROXY|HOST|TIMEOUT|RETRIES|CACHE|KEYRING|USE_FEATURE|OFFLINE|NATIVE_TLS|LINK_MODE)"
    r"|PIP_CONFIG_FILE$"
)
# The variables of pip, and those by which uv knows the same.
PIP_TO_UV = {
    "PIP_INDEX_URL": ("UV_DEFAULT_INDEX",),
    "PIP_PROXY": ("HTTP_PROXY", "HTTPS_PROXY"),
    "PIP_CERT": ("SSL_CERT_FILE",),
}
Command = list[str | Path]


class ToolError(Exception):
    """A command ended with an error. Its text is everything that the command printed."""


def say(text: str, *, end: str = "\n") -> None:
    """Write a line, or with another ``end`` the beginning of one, to standard error, at once."""
    print(text, end=end, file=sys.stderr, flush=True)


@contextmanager
def step(text: str, *, quiet: bool) -> Iterator[None]:
    """Say what is being done and, when it is done, how long it took."""
    if quiet:
        yield
        return
    began = time.monotonic()
    say(f"  {text} ... ", end="")
    try:
        yield
    except Exception:
        say("failed")
        raise
    say(f"{time.monotonic() - began:.1f} s")


def run(command: Sequence[str | Path], *, environment: Mapping[str, str], lock: int | None = None) -> str:
    """Run a command and return what it printed.

    Args:
        command: The program, by its path, and its arguments.
        environment: The whole environment of the command.
        lock: A file descriptor which the command inherits, so that a lock outlives a caller that is killed.

    Raises:
        ToolError: The command could not be started, or its exit status was not 0.
    """
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
            pass_fds=() if lock is None else (lock,),
        )
    except OSError as error:
        raise ToolError(str(error)) from error
    except ValueError as error:
        raise ToolError(f"{command[0]} cannot be started: a setting of pip, or a variable, has a zero byte.") from error
    if done.returncode:
        raise ToolError(done.stdout.strip() or f"{command[0]} ended with status {done.returncode}.")
    return done.stdout


def clean_environment() -> dict[str, str]:
    """Return this process's environment without the settings that change what Python, pip and uv do."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PIP_", "UV_", "VIRTUAL_ENV")) or TRANSPORT.match(name)
    }


def pip_settings(python: Path) -> dict[str, str]:
    """Return how the user's environment and files tell pip to reach packages, by the names of pip's variables.

    Args:
        python: An interpreter with pip, which is asked for its configuration.

    Raises:
        ToolError: A file of settings cannot be read.
    """
    # The options of the listing itself may be in a file, too: `user = true`, or `quiet = 1`.
    every_file = dict.fromkeys(("PIP_USER", "PIP_GLOBAL", "PIP_SITE", "PIP_QUIET"), "0")
    try:
        listing = run([python, "-I", "-m", "pip", "config", "list"], environment=clean_environment() | every_file)
    except ToolError as failed:
        raise ToolError(unreadable_settings(str(failed))) from None
    if re.match(r"pip \d|\s*Usage", listing):
        raise ToolError(
            "A file of settings of pip has `version` or `help`, which hide the others: see `pip config debug`."
        )
    found: dict[str, str] = {}
    for section in ("global", "install", ":env:"):  # the later wins, as in `pip install`
        for setting, value in re.findall(rf"^{section}\.([\w-]+)=(['\"].*)$", listing, flags=re.MULTILINE):
            name = "PIP_" + setting.upper().replace("-", "_")
            if TRANSPORT.match(name):
                found[name] = str(ast.literal_eval(value))
    return found


def unreadable_settings(printed: str) -> str:
    """Say which file pip cannot read, and where, without what it printed of it: a password may be there."""
    place = re.search(r"(?:file: '|reading from '|errors: '| in )(?P<file>/[^'\n]+?)(?:'|\.?$)", printed, re.MULTILINE)
    line = re.search(r"line:?\s+(\d+)", printed)
    if place is None:
        return (
            "pip cannot read its settings. `pip config debug` names their files, and `pip config list` what is wrong."
        )
    return f"pip cannot read its settings in {place['file']}{f', line {line[1]}' if line else ''}."


def pip_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for pip, which reads no files of settings: they may say what is installed, and where."""
    fixed = {"PIP_CONFIG_FILE": os.devnull, "PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return {**clean_environment(), **settings, **fixed}


def uv_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for uv, which reaches packages the way pip is configured to."""
    environment = clean_environment()
    for setting, names in PIP_TO_UV.items():
        if setting in settings:
            for name in names:
                environment.setdefault(name, settings[setting])
    # Without a home directory that can be written there is no place for a cache.
    if "UV_CACHE_DIR" not in environment and not os.access(Path("~").expanduser(), os.W_OK):
        environment["UV_NO_CACHE"] = "1"
    # The machine's certificates, as pip does: they may include a proxy's, which those within uv do not.
    environment.setdefault("UV_SYSTEM_CERTS", "1")
    return environment | {"UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}


def install(python: Path, project: Path, files: Sequence[str], *, quiet: bool, lock: int | None) -> None:
    """Install what the lock files say, with their hashes checked, and the project and its packages, editable.

    uv does it, itself installed by pip from ``bootstrap.lock``. Where uv cannot be had or fails, pip does it.

    Args:
        python: The interpreter of the environment.
        project: The directory that holds ``pyproject.toml`` and ``requirements/``.
        files: Names of lock files.
        quiet: Say nothing unless something fails.
        lock: A file descriptor that the installers inherit.

    Raises:
        ToolError: pip failed or cannot read its settings, or the project cannot be built.
    """
    locks = [project / "requirements" / name for name in files]
    bootstrap = project / "requirements" / "bootstrap.lock"
    settings = pip_settings(python)
    with_pip = pip_environment(settings)
    pip: Command = [python, "-I", "-m", "pip", "install", "--quiet"]
    itself: Command = ["--no-deps", "--no-build-isolation"]
    for directory in (*sorted(path.parent for path in project.glob("packages/*/pyproject.toml")), project):
        itself += ["--editable", directory.as_uri()]  # in a path, a number sign would begin a fragment
    try:
        with step("uv", quiet=quiet):
            run([*pip, "--require-hashes", "-r", bootstrap], environment=with_pip, lock=lock)
            with_uv = uv_environment(settings)
        uv: Command = [python.with_name("uv"), "pip"]
        with step("locked packages", quiet=quiet):
            # Compiled now, because the first start should be as fast as the second, also where Python may not write.
            sync: Command = [*uv, "sync", "--python", python, "--require-hashes", "--compile-bytecode", *locks]
            run(sync, environment=with_uv, lock=lock)
        with step("the project itself", quiet=quiet):
            run([*uv, "install", "--python", python, *itself], environment=with_uv, lock=lock)
    except ToolError as failed:
        say(f"{failed}\nuv cannot do it here, so pip does, which takes longer.")
        with step("locked packages", quiet=quiet):
            named = [part for path in locks for part in ("-r", path)]
            run([*pip, "--require-hashes", *named], environment=with_pip, lock=lock)
        with step("the project itself", quiet=quiet):
            run([*pip, *itself], environment=with_pip, lock=lock)
