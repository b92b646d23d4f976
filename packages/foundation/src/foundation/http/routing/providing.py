"""What routes ask the service's container for."""

from typing import Any

from fastapi import Depends, Request


def provided(name: str) -> Any:
    """The annotation of a route's argument: what the provider `name` of the service's container gives."""

    # Asynchronous, because FastAPI sends synchronous dependencies to a thread.
    async def provide(request: Request) -> object:
        return getattr(request.app.state.container, name)()

    return Depends(provide)
