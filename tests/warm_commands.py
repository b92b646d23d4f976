"""`fastapi-service` as a process of its own, forked from one that has imported what takes a new process a second.

All else is as it is from a shell: the arguments, the environment, the directory, the streams and the exit status. That
the installed script starts by itself is seen by the tests of the README, of the wheel and of the server.
"""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(
    [
        "entrypoints.cli.main",
        "entrypoints.cli.schema_project",
        "entrypoints.container",
        "schema_tools.migrations.runner",
    ]
)


def run_service(
    *arguments: str, cwd: Path, environment: dict[str, str], patience: float
) -> "subprocess.CompletedProcess[str]":
    """Run `fastapi-service` to its end, in the directory `cwd`, with nobody at the keyboard.

    Raises:
        TimeoutExpired: It did not end in `patience` seconds.
    """
    with TemporaryDirectory() as directory:
        written, said = (Path(directory) / name for name in ("written", "said"))
        process = _FORKING.Process(target=_command, args=(arguments, cwd, environment, written, said))
        process.start()
        process.join(patience)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(arguments, patience)
        status = process.exitcode
        process.close()
        assert status is not None
        output, errors = (stream.read_text(encoding="utf-8") for stream in (written, said))
        return subprocess.CompletedProcess(arguments, status, output, errors)


def _command(arguments: tuple[str, ...], cwd: Path, environment: dict[str, str], written: Path, said: Path) -> None:
    from entrypoints.cli.main import run

    for stream, file in ((1, written), (2, said)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, stream)
        os.close(opened)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = ["fastapi-service", *arguments]
    run()
