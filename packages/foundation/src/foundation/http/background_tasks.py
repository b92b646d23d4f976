"""What the server does beside its requests."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from foundation.kernel.errors import ApplicationError
from foundation.kernel.forget_expired_keys import ForgetExpiredKeysHandler

logger = logging.getLogger("service.upkeep")

# Seconds between two rounds, on average. Each wait is up to half as long or as much longer, so that several workers
# do not all come at once.
_INTERVAL: Final = 600.0


@asynccontextmanager
async def upkeep(forget_expired_keys: ForgetExpiredKeysHandler, interval: float = _INTERVAL) -> AsyncIterator[None]:
    """Forget expired idempotency keys every now and then, for as long as the block lasts."""
    task = asyncio.create_task(_now_and_then(forget_expired_keys, interval))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _now_and_then(forget_expired_keys: ForgetExpiredKeysHandler, interval: float) -> None:
    while True:
        await asyncio.sleep(interval * random.uniform(0.5, 1.5))  # noqa: S311 -- no secret
        try:
            forgotten = await forget_expired_keys()
        except ApplicationError as error:
            logger.warning("expired idempotency keys were not forgotten: %s", error.code)
        except Exception as error:  # noqa: BLE001 -- a round that fails is no reason to stop serving, or to stop trying
            logger.error("expired idempotency keys were not forgotten: %s", type(error).__name__)  # noqa: TRY400
        else:
            logger.debug("expired idempotency keys forgotten: %d", forgotten)
