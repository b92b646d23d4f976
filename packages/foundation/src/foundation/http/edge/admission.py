"""Decides whether a worker takes on one more request."""

import asyncio
import logging
import math
import time
from typing import Final, Protocol

logger = logging.getLogger("service.http")

# Seconds between two looks at how late the event loop is.
_TICK: Final = 0.01
# Seconds that the event loop may be late. Requests under way share its time, so it is late by what they need together.
_LATE: Final = 0.005
# Every so many looks, requests that wait for their clients are counted.
_SELDOM: Final = 5
# So many more looks at an overload than others show one that lasts; fewer a burst, or another program's turn.
_LASTING: Final = 10
_FEWER: Final = 0.9
_MORE: Final = 1
# Requests that are always taken on: enough to keep the database busy while the worker computes.
_LEAST: Final = 16
# Seconds between two log lines about refusals.
_SUMMARY: Final = 1.0


class Worker(Protocol):
    """What a worker has under way."""

    loop: asyncio.AbstractEventLoop
    tasks: set[asyncio.Task[None]]
    """The requests under way."""

    def waiting_for_clients(self) -> int:
        """How many of them need nothing but their clients."""

    def accept_waiting(self) -> None:
        """Accept connections that wait for it."""


class AdmissionControl:
    """How many requests a worker has under way at the same time: at most `most`, and fewer while it is too slow.

    A worker that takes on what it cannot carry makes every request late, and spends its time on requests whose
    clients have given up. A queue that is short serves as many requests, and those soon. So while the event loop is
    late or requests are refused, look after look, it falls, a tenth each time, and rises slowly when neither is so.

    Requests that wait for their clients, for the rest of the body or for the answer to be read, do not count.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._overloaded_looks = 0
        self._refusals_seen = 0
        self._watching = False
        self._looks = 0
        self._parked = 0
        self._said_at = 0.0
        self.refusals = 0
        """Requests that were refused, which the log says once a second."""
        self.watched_above = min(_LEAST, most)
        self.capacity = most
        """Tasks that may run; from then on requests are refused."""

    def watch(self, worker: "Worker") -> None:
        """Begin to look at how late the loop is, and go on until it no longer is."""
        if not self._watching:
            self._watching, self._looks = True, 0
            self._look_again(worker)

    def _look_again(self, worker: "Worker") -> None:
        worker.loop.call_later(_TICK, self._look, worker, time.monotonic() + _TICK)

    def _look(self, worker: "Worker", expected: float) -> None:
        now = time.monotonic()
        if self._looks % _SELDOM == 0:
            self._parked = worker.waiting_for_clients()
        self._looks += 1
        busy = len(worker.tasks) - self._parked > self.watched_above
        if self.refusals > self._refusals_seen or (busy and now - expected > _LATE):
            self._overloaded_looks = min(self._overloaded_looks + 1, 2 * _LASTING)
            if self._overloaded_looks > _LASTING:
                self._limit = max(self._limit * _FEWER, self.watched_above)
        else:
            self._overloaded_looks = max(self._overloaded_looks - 1, 0)
            if self._overloaded_looks < _LASTING:
                self._limit = min(self._limit + _MORE, self._most)
        self._refusals_seen = self.refusals
        self.capacity = math.ceil(self._limit) + self._parked
        self._say(now)
        if busy or self._parked or self._limit < self._most or self.refusals:
            self._look_again(worker)
        else:
            self._watching = False
        worker.accept_waiting()

    def _say(self, now: float) -> None:
        if self.refusals and now - self._said_at >= _SUMMARY:
            logger.warning("overloaded: %d requests were refused", self.refusals)
            self.refusals, self._refusals_seen, self._said_at = 0, 0, now
