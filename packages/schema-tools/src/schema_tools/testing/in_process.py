"""A command line, run in the process of the tests as a shell would run it."""

import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch


class Done(NamedTuple):
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def run_in_process(run: Callable[[], None], name: str, arguments: Sequence[str], cwd: Path) -> Done:
    """Call `run` as the program `name` with these arguments, in the directory `cwd`, without input."""
    collected = io.BytesIO(), io.BytesIO()
    output, errors = (io.TextIOWrapper(one, encoding="utf-8", write_through=True) for one in collected)
    with (
        chdir(cwd),
        Path(os.devnull).open() as no_input,
        redirect_stdout(output),
        redirect_stderr(errors),
        patch.object(sys, "argv", [name, *arguments]),
        patch.object(sys, "path", sys.path[:]),
        patch.object(sys, "stdin", no_input),
    ):
        try:
            run()
        except SystemExit as ended:
            status = ended.code
        else:
            status = None
    written, said = (one.getvalue().decode() for one in collected)
    if not isinstance(status, int | None):
        raise TypeError(f"{name} ended with {status!r}, which is no exit status")
    return Done(status or 0, written, said)
