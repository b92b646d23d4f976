"""Runs use cases from the command line."""

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

import typer

from entrypoints.settings import SettingsError, Storage, load_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from entrypoints.container import Container

Result = TypeVar("Result")

# 128 and the number of SIGINT, as shells count.
_INTERRUPTED: Final = 130


def run(work: "Callable[[Container], Awaitable[Result]]") -> Result:
    """Do `work` with a container of its own, and close it.

    Raises:
        SettingsError: what is stored would not outlive the command.
        typer.Exit: with status 130, when it is interrupted from the keyboard.
    """
    settings = load_settings()
    if settings.storage is Storage.MEMORY:
        raise SettingsError(
            "memory:// begins empty and ends with the command, so nothing would be kept; "
            "give another DATABASE_URL, or use the HTTP API of a running service."
        )

    # The storages take long to import, and most other commands do without them.
    from entrypoints.container import Container, close

    async def run_and_close() -> Result:
        container = Container(settings=settings)
        try:
            return await work(container)
        finally:
            await close(container)

    try:
        return asyncio.run(run_and_close())
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None
