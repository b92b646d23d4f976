"""The service as a contender, on any storage and on either server."""

import secrets
from datetime import datetime
from typing import Final

from application.users.ports import UserFilter, UserSort
from benchmarks import production
from benchmarks.contenders import POOL_SIZE, Contender, script
from foundation.http.requests.cursors import CursorCodec
from foundation.kernel.pagination import Position

_CURSOR_KEY: Final = secrets.token_hex()


def service(url: str, rows: int, name: str = "service") -> Contender:
    """The service on the storage at `url`, started as production does."""
    command = (production.SERVICE, "serve", "--port", "{port}")
    return Contender(name, command, _settings(url), rows, _after)


def on_granian(url: str, rows: int) -> Contender:
    """The same application in granian instead of uvicorn."""
    options = ("--interface", "asgi", "--factory", "--loop", "uvloop", "--workers", "1", "--no-ws", "--http", "1")
    command = (script("granian"), *options, "--port", "{port}", "entrypoints.http.app:create_app")
    return Contender("service on granian", command, _settings(url), rows, _after)


def _settings(url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "DATABASE_POOL_SIZE": str(POOL_SIZE),
        "SERVER_DRAIN_DELAY": "0",
        "CURSOR_KEY": _CURSOR_KEY,
    }


def _after(user_id: int, created_after: str | None) -> str:
    """A cursor as the service gives it at the end of a page, without the walk to that page."""
    where = UserFilter(created_after=datetime.fromisoformat(created_after) if created_after else None)
    codec = CursorCodec(_CURSOR_KEY.encode())
    return f"cursor={codec.encode(Position(user_id, user_id), UserSort.ID, where)}"
