"""Trying again after a conflict between writers."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from foundation.kernel.errors import WriteConflict

Command = TypeVar("Command")
Result = TypeVar("Result")

# The first try and two more.
ATTEMPTS: Final = 3


async def retry_on_conflict(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Await `attempt()` until it meets no conflict, at most three times.

    `attempt` must open its own unit of work, so that every attempt reads the current data.

    Raises:
        WriteConflict: the last try met one, too.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await attempt()
        except WriteConflict:
            continue
    return await attempt()


def retried_on_conflict(
    use_case: Callable[[Command], Awaitable[Result]],
) -> Callable[[Command], Coroutine[Any, Any, Result]]:
    """The use case, which is tried again after a conflict between writers: see `retry_on_conflict`."""

    async def call(command: Command) -> Result:
        return await retry_on_conflict(lambda: use_case(command))

    return call
