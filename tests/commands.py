"""`fastapi-service`, in the process of the tests: a new one takes a second to import what it needs."""

import os
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

from schema_tools.testing.in_process import Done, run_in_process


def service(*arguments: str, cwd: Path, environment: Mapping[str, str]) -> Done:
    """Run `fastapi-service` in the directory `cwd`, with this environment and nobody at the keyboard."""
    from entrypoints.cli import main

    with patch.dict(os.environ, environment, clear=True):
        return run_in_process(main.run, "fastapi-service", arguments, cwd)
