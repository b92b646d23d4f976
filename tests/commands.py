"""The commands, in the process of the tests: a new one takes a second to import what it needs."""

import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from schema_tools.cli import standalone


class Done(NamedTuple):
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def tools(*arguments: str, cwd: Path) -> Done:
    """Run `python -m schema_tools` in the directory `cwd`, with nobody at the keyboard."""
    known = set(sys.modules)
    done = _run(standalone.run, "schema_tools", arguments, cwd)
    for name in set(sys.modules) - known:
        # The next project may have modules of the same names.
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(cwd)):
            del sys.modules[name]
    return done


def service(*arguments: str, cwd: Path, environment: Mapping[str, str]) -> Done:
    """Run `fastapi-service` in the directory `cwd`, with this environment and nobody at the keyboard."""
    from entrypoints.cli import main

    with patch.dict(os.environ, environment, clear=True):
        return _run(main.run, "fastapi-service", arguments, cwd)


def _run(run: Callable[[], None], name: str, arguments: Sequence[str], cwd: Path) -> Done:
    collected = io.BytesIO(), io.BytesIO()
    output, errors = (io.TextIOWrapper(one, encoding="utf-8", write_through=True) for one in collected)
    with (
        chdir(cwd),
        Path(os.devnull).open() as nobody,
        redirect_stdout(output),
        redirect_stderr(errors),
        patch.object(sys, "argv", [name, *arguments]),
        patch.object(sys, "path", sys.path[:]),
        patch.object(sys, "stdin", nobody),
    ):
        try:
            run()
        except SystemExit as ended:
            status = ended.code
        else:
            status = None
    written, said = (one.getvalue().decode() for one in collected)
    assert isinstance(status, int | None)
    return Done(status or 0, written, said)
