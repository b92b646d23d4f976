"""Running the code of a project without what it tells its own developers."""

import logging.config
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any


@contextmanager
def quiet() -> Iterator[None]:
    """Meanwhile, what is printed goes to standard error, warnings nowhere, and the log stays as it is configured."""
    log: Any = logging.config
    before = log.fileConfig, log.dictConfig
    log.fileConfig = log.dictConfig = lambda *_args, **_options: None
    try:
        with redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.fileConfig, log.dictConfig = before
