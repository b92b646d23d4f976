"""The settings and the container of the commands."""

from typing import TYPE_CHECKING, Final

from entrypoints.settings import Settings, load_settings
from foundation.cli.program import Program

if TYPE_CHECKING:
    from entrypoints.container import Container


def _open(settings: Settings) -> "Container":
    from entrypoints.container import Container

    return Container(settings=settings)


async def _close(container: "Container") -> None:
    from entrypoints.container import close

    await close(container)


program: Final = Program(
    name="fastapi-service", load_settings=load_settings, open_container=_open, close_container=_close
)
