"""`fastapi-service` that writes down each step of its event loop that takes long, into the file STEPS_FILE.

A step is a callback, or a piece of a coroutine between two awaits: nothing else runs meanwhile. What counts is the time
of the processor that the loop's thread took, so that other work on the machine does not.
"""

import asyncio
import functools
import os
import time
from typing import Any

import uvicorn

from entrypoints.cli.main import run

# Seconds. A step that is shorter is not worth a line.
WORTH_A_LINE = 0.0005

_run = asyncio.Handle._run
_file = os.open(os.environ.pop("STEPS_FILE"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def _timed(self: asyncio.Handle) -> None:
    began = time.thread_time()
    try:
        _run(self)
    finally:
        took = time.thread_time() - began
        if took > WORTH_A_LINE:
            name = repr(getattr(self, "_callback", None)).replace("\n", " ")
            os.write(_file, f"{took * 1e3:.1f} {name}\n".encode())


if __name__ == "__main__":
    asyncio.Handle._run = _timed  # type: ignore[method-assign]  # where all steps of asyncio's own loop pass
    configured: Any = functools.partialmethod(uvicorn.Config.__init__, loop="asyncio")
    uvicorn.Config.__init__ = configured  # type: ignore[method-assign]  # uvloop has no such place
    run()
