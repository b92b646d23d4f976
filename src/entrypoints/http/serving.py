"""The application as a server process has it."""

import gc

from fastapi import FastAPI

from entrypoints.http.app import create_app


def served_app() -> FastAPI:
    """The application of `create_app`, with what the start made set aside for good.

    Looking through it for garbage would take some 60 milliseconds, in the middle of somebody's request.
    """
    app = create_app()
    gc.collect()
    gc.freeze()
    gc.enable()
    return app
