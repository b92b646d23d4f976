"""One call for all that ask for the same thing at the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True, eq=False)
class _Flight(Generic[ResultT]):
    task: asyncio.Task[ResultT]
    joined_until: float


class SingleFlight(Generic[KeyT, ResultT]):
    """Lets callers wait for a call that is under way, if it began less than `max_age` seconds ago.

    What a slow storage was asked before that may be older than an answer that a caller has had since.
    """

    def __init__(self, max_age: float, monotonic: Callable[[], float]) -> None:
        self._max_age = max_age
        self._monotonic = monotonic
        self._flights: dict[KeyT, _Flight[ResultT]] = {}

    async def run(self, key: KeyT, call: Callable[[float], Coroutine[Any, Any, ResultT]]) -> ResultT:
        """The result of `call`, which is given the moment at which it begins, or of the one that is under way.

        A caller that is cancelled does not cancel it, since others may wait for it, too.
        """
        flight = self._flights.get(key)
        now = self._monotonic()
        if flight is None or flight.joined_until <= now:
            flight = _Flight(asyncio.create_task(call(now)), now + self._max_age)
            self._flights[key] = flight
            flight.task.add_done_callback(lambda task: self._forget(key, task))
        await asyncio.wait([flight.task])
        return flight.task.result()

    def tasks(self) -> list[asyncio.Task[ResultT]]:
        """The calls that are under way."""
        return [flight.task for flight in self._flights.values()]

    def _forget(self, key: KeyT, task: asyncio.Task[ResultT]) -> None:
        if key in self._flights and self._flights[key].task is task:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # it is no defect if no caller waits for it any more
