"""A coroutine that is run up to where it first has to wait, if it has to."""

from collections.abc import Generator
from typing import Any


class FirstStep:
    """What a coroutine does without waiting. It is `done` when that was all; otherwise it can be awaited for the rest.

    What limits a wait, such as a timeout, is then set up only where there is one.

    Raises:
        Exception: What the coroutine raises in its first step.
    """

    def __init__(self, coroutine: Any) -> None:
        self._rest = coroutine.__await__()
        self._waited_for: Any = None
        self.done = False
        self.result: Any = None
        try:
            self._waited_for = next(self._rest)
        except StopIteration as end:
            self.done, self.result = True, end.value

    def __await__(self) -> Generator[Any, Any, Any]:
        waited_for = self._waited_for
        while True:
            try:
                sent = yield waited_for
            except BaseException as error:  # noqa: BLE001 -- all of it is the coroutine's
                resume = self._rest.throw, error
            else:
                resume = self._rest.send, sent
            call, argument = resume
            try:
                waited_for = call(argument)
            except StopIteration as end:
                return end.value
