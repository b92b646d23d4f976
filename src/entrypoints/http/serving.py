"""The ASGI application for a server process, with the garbage collector tuned."""

import gc

from fastapi import FastAPI

from entrypoints.http.app import create_app


def served_app() -> FastAPI:
    """The application of `create_app`, with the objects of the start exempt from garbage collection.

    A collection that looks through them takes some 60 milliseconds, which a request would have to wait for.
    """
    app = create_app()
    gc.collect()
    gc.freeze()
    gc.enable()  # `serve` disabled it, so that the start makes no collections
    return app
