"""The deadline of what is being done for one caller: every wait on the way takes what is left of it."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class _Deadline:
    """A moment by the clock of `time.monotonic`. Shared by the tasks that work for one caller."""

    __slots__ = ("at",)

    def __init__(self, at: float) -> None:
        self.at = at


_current: ContextVar[_Deadline | None] = ContextVar("deadline", default=None)


def begin_deadline(seconds: float) -> None:
    """From now on, this task and those it starts have this much time."""
    _current.set(_Deadline(time.monotonic() + seconds))


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Inside, there is this much time, and not more than there was before."""
    token = _current.set(_Deadline(min(deadline(), time.monotonic() + seconds)))
    try:
        yield
    finally:
        _current.reset(token)


def deadline() -> float:
    """When time is up, by the clock of `time.monotonic`; infinite where there is no deadline."""
    current = _current.get()
    return math.inf if current is None else current.at


def seconds_left() -> float:
    """How much time is left; not positive when it is up, infinite where there is no deadline."""
    return deadline() - time.monotonic()


def postpone_deadline(seconds: float) -> None:
    """Give back time that the caller took itself, as for sending the rest of a request."""
    current = _current.get()
    if current is not None:
        current.at += seconds


def extend_deadline(seconds: float) -> None:
    """Let there be at least this much time, which the rest of the work takes longer than usual."""
    current = _current.get()
    if current is not None:
        current.at = max(current.at, time.monotonic() + seconds)
