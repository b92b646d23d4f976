"""Work that the server does beside its requests."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from foundation.kernel.errors import ApplicationError

logger = logging.getLogger("service.background")

# Seconds between two rounds, on average.
_INTERVAL: Final = 600.0


@asynccontextmanager
async def run_periodically(
    task: Callable[[], Awaitable[object]], name: str, interval: float = _INTERVAL
) -> AsyncIterator[None]:
    """Run `task` about every `interval` seconds for as long as the block lasts. `name` is what the log calls it.

    Each wait is up to half as long or as much longer, so that several workers do not start at the same moment. A round
    that fails is logged, and does not end the others.
    """
    running = asyncio.create_task(_repeat(task, name, interval))
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _repeat(task: Callable[[], Awaitable[object]], name: str, interval: float) -> None:
    while True:
        await asyncio.sleep(interval * random.uniform(0.5, 1.5))  # noqa: S311 -- not a secret
        try:
            result = await task()
        except ApplicationError as error:
            logger.warning("%s failed: %s", name, error.code)
        except Exception as error:  # noqa: BLE001 -- a failing round is no reason to stop serving, or to stop trying
            logger.error("%s failed: %s", name, type(error).__name__)  # noqa: TRY400
        else:
            logger.debug("%s: %s", name, result)
