"""Trying again after a conflict between writers."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from foundation.kernel.deadline import seconds_left
from foundation.kernel.errors import WriteConflict

Command = TypeVar("Command")
Result = TypeVar("Result")

ATTEMPTS: Final = 12
"""The first try and eleven more: a dozen writers of one row, each of whom the others may be in the way of."""

# Seconds. The longest pause before the second try, which doubles with each further one, and the longest of all.
_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.5


async def retry_on_conflict(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Await `attempt()` until it meets no conflict, at most twelve times and within the deadline.

    The pauses between are random, so that writers who met do not meet again, and grow: five seconds together at most.
    `attempt` must open its own unit of work, so that every attempt reads the current data.

    Raises:
        WriteConflict: the last try met one, too.
    """
    pause = _FIRST_PAUSE
    for _ in range(ATTEMPTS - 1):
        try:
            return await attempt()
        except WriteConflict:
            if seconds_left() <= pause:
                raise
        await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 -- not a secret
        pause = min(2 * pause, _LONGEST_PAUSE)
    return await attempt()


def retried_on_conflict(
    use_case: Callable[[Command], Awaitable[Result]],
) -> Callable[[Command], Coroutine[Any, Any, Result]]:
    """The use case, which is tried again after a conflict between writers: see `retry_on_conflict`."""

    async def call(command: Command) -> Result:
        return await retry_on_conflict(lambda: use_case(command))

    return call
