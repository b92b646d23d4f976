"""Lets pages of other origins call the service: those that are named, and no others (Fetch Standard, 3.2)."""

from collections.abc import Collection
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_METHODS: Final = ("GET", "HEAD", "POST", "PATCH", "DELETE")
_SENT: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Prefer",
    "X-Request-Id",
)
_SHOWN: Final = (
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)
_PREFLIGHT_SECONDS: Final = 600


class CrossOrigin:
    """Middleware that answers preflight requests of the `origins`, and lets their pages read answers. Pure ASGI.

    Credentials are in a header that the page sets itself, so cookies are never allowed. To other origins nothing is
    said, as to clients that are no browsers.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode() for origin in origins)
        self._sharing = CORSMiddleware(
            app,
            allow_origins=tuple(origins),
            allow_methods=_METHODS,
            allow_headers=_SENT,
            expose_headers=_SHOWN,
            max_age=_PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        named = [value for name, value in scope.get("headers", ()) if name == b"origin"]
        if len(named) == 1 and named[0] in self._origins:
            await self._sharing(scope, receive, send)
        else:
            await self._app(scope, receive, send)
