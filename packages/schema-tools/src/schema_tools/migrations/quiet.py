"""Running the code of a project without what it tells its own developers."""

import logging.config
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import Any


@contextmanager
def quiet(*, redirect: bool = True) -> Iterator[None]:
    """Meanwhile, the log stays as it is configured, what is printed goes to standard error, and warnings nowhere.

    Without `redirect`, what is printed and warnings go where they always do.
    """
    log: Any = logging.config
    before = log.fileConfig, log.dictConfig
    log.fileConfig = log.dictConfig = lambda *_args, **_options: None
    try:
        with redirect_stdout(sys.stderr) if redirect else nullcontext(), warnings.catch_warnings():
            if redirect:
                warnings.simplefilter("ignore")
            yield
    finally:
        log.fileConfig, log.dictConfig = before
