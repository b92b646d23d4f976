"""Keeps serving for a while after the order to stop, so that load balancers find other instances first."""

import asyncio
import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

logger = logging.getLogger("service.http")


class Draining:
    """Whether the process was told to stop."""

    def __init__(self) -> None:
        self.under_way = False

    @contextmanager
    def on_sigterm(self, delay: timedelta) -> Iterator[None]:
        """Within it, SIGTERM reaches the server `delay` after it came; at once it makes this `under_way`.

        Once is enough: a supervisor and the process group may both send it. Where no server listens to SIGTERM in
        this thread, nothing changes.
        """
        stop = signal.getsignal(signal.SIGTERM)
        if not callable(stop) or threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()

        def begin() -> None:
            if self.under_way:
                return
            self.under_way = True
            logger.info("draining: the service stops in %g s", delay.total_seconds())
            loop.call_later(delay.total_seconds(), stop, signal.SIGTERM, None)

        def handle(_number: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(begin)

        signal.signal(signal.SIGTERM, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, stop)
