"""The ASGI application for a server process, with the garbage collector tuned."""

import gc
from typing import Final

from fastapi import FastAPI

from entrypoints.http.app import create_app

_COLLECTED_AFTER: Final = 2000
"""New objects, after which those are looked through."""


def served_app() -> FastAPI:
    """The application of `create_app`, with the objects of the start exempt from garbage collection.

    A collection that looks through them takes some 60 milliseconds, which a request would have to wait for. Others come
    after more objects than Python's 700, since the requests under way have more: they took a sixth of a busy worker's
    time.
    """
    app = create_app()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECTED_AFTER)
    gc.enable()  # `serve` disabled it, so that the start makes no collections
    return app
