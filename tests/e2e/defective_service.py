"""`fastapi-service` with two defects in what it serves."""

from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.responses import StreamingResponse

from entrypoints.cli.main import run
from entrypoints.http import app as http_app

SECRET = "the-secret-of-somebody"

create_sound_app = http_app.create_app


def create_defective_app() -> FastAPI:
    """The application, and two routes that fail."""
    app = create_sound_app()

    @app.get("/fails-before-the-answer")
    async def fails_before() -> None:
        raise ZeroDivisionError(SECRET)

    @app.get("/fails-within-the-answer")
    async def fails_within() -> StreamingResponse:
        async def content() -> AsyncIterator[bytes]:
            yield b"the beginning"
            raise ZeroDivisionError(SECRET)

        return StreamingResponse(content())

    return app


if __name__ == "__main__":
    http_app.create_app = create_defective_app  # type: ignore[assignment]  # the server finds it by this name
    run()
