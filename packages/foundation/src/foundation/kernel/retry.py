"""Trying again after a conflict between writers."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from foundation.kernel.deadline import seconds_left
from foundation.kernel.errors import IdTaken, WriteConflict

Command = TypeVar("Command")
Result = TypeVar("Result")

ATTEMPTS: Final = 24
"""The first try and those that follow: of a dozen writers of one row, half of the tries meet another one."""

# An id that is taken is tried past, but where many are, trying would use them all up.
_ATTEMPTS_AT_AN_ID: Final = 3

# Seconds. The longest pause before the second try, which doubles with each further one, and the longest of all.
_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.25


async def retry_on_conflict(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Await `attempt()` until it meets no conflict, at most 24 times and within the deadline.

    The pauses between are random, so that writers who met do not meet again, and grow: five seconds together at most.
    `attempt` must open its own unit of work, so that every attempt reads the current data.

    Raises:
        WriteConflict: the last try met one, too.
    """
    pause = _FIRST_PAUSE
    for tried in range(1, ATTEMPTS):
        try:
            return await attempt()
        except WriteConflict as error:
            if seconds_left() <= pause or (isinstance(error, IdTaken) and tried == _ATTEMPTS_AT_AN_ID):
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
