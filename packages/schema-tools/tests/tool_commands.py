"""`python -m schema_tools`, in the process of the tests: a new one takes a second to import what it needs."""

import sys
from pathlib import Path

from schema_tools.cli import standalone
from schema_tools.testing.in_process import Done, run_in_process


def tools(*arguments: str, cwd: Path, program: str = "schema_tools") -> Done:
    """Run `python -m schema_tools`, or a `program` that does the same, in the directory `cwd`, without a terminal."""
    known, path = set(sys.modules), [*sys.path]
    done = run_in_process(standalone.run, program, arguments, cwd)
    # What was found in "." was found in this directory.
    sys.path[:] = path
    sys.path_importer_cache.pop(".", None)
    for name in set(sys.modules) - known:
        # The next project may have modules of the same names.
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(cwd)):
            del sys.modules[name]
    return done
