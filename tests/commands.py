"""`python -m schema_tools` in the process of the tests: a new one takes a second to import what it needs."""

import io
import os
import sys
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
    """Run the command in the directory `cwd`, with nobody at the keyboard."""
    collected = io.BytesIO(), io.BytesIO()
    output, errors = (io.TextIOWrapper(one, encoding="utf-8", write_through=True) for one in collected)
    known = set(sys.modules)
    with (
        chdir(cwd),
        Path(os.devnull).open() as nobody,
        redirect_stdout(output),
        redirect_stderr(errors),
        patch.object(sys, "argv", ["schema_tools", *arguments]),
        patch.object(sys, "path", sys.path[:]),
        patch.object(sys, "stdin", nobody),
    ):
        try:
            standalone.run()
        except SystemExit as ended:
            status = ended.code
        else:
            status = None
    for name in set(sys.modules) - known:
        # The next project may have modules of the same names.
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(cwd)):
            del sys.modules[name]
    written, said = (one.getvalue().decode() for one in collected)
    assert isinstance(status, int | None)
    return Done(status or 0, written, said)
