"""A load whose rate does not depend on the server: ``python open_loop.py``, in a process of its own.

The orders are JSON on standard input, one a line, and each is answered by a line on standard output. Requests are due
at times that were drawn before, as independent clients send them, and are sent on whichever connection is free. An
answer's latency counts from when its request was due, so that what waits for a connection is counted, too: a load
that waits for the server would hide exactly the requests that the server makes wait (coordinated omission).

It uses nothing but the standard library and as little of its processor as it can, since ten times what a server
carries must fit beside the database.
"""

import json
import random
import select
import socket
import sys
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "
_BLOCK: Final = 1 << 16
# Seconds that answers are waited for after the last request was sent.
_PATIENCE: Final = 10.0
_NEVER: Final = 0.02


@dataclass(slots=True)
class _Connection:
    """A connection, with what came of its answer, and when its request was due."""

    socket: socket.socket
    due: float = 0.0
    number: int = 0
    received: bytes = b""


@dataclass
class Load:
    """So many requests a second for some seconds, from so many connections, to the server on a port of this machine.

    `requests` are sent one after the other, and from the beginning again. The first `warm_up` seconds do not count.
    The client has the address `source`, and waits `patience` seconds for answers after the last request was sent.
    """

    port: int
    requests: list[bytes]
    rate: float
    seconds: float
    warm_up: float
    connections: int
    source: str = "127.0.0.1"
    patience: float = _PATIENCE
    statuses: Counter[str] = field(default_factory=Counter)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    broken: int = 0
    unsent: int = 0
    late: float = 0.0

    def run(self) -> dict[str, Any]:
        """Send them all, and wait for their answers.

        Returns:
            `statuses`: how many answers had each, of those that count; `latencies` in milliseconds, sorted, by status;
            `broken` connections; `unsent` requests, for which no connection came free; `unanswered` ones;
            `late`: the milliseconds that a request with a free connection was sent late, at most; `cpu`: seconds.
        """
        self._poller = select.epoll()
        self._open: dict[int, _Connection] = {}
        self._free: deque[_Connection] = deque()
        for _ in range(self.connections):
            self._connect()
        used = time.process_time()
        self._send_all()
        used = time.process_time() - used
        unanswered = len(self._open) - len(self._free)
        for one in self._open.values():
            one.socket.close()
        self._poller.close()
        return {
            "statuses": self.statuses,
            "latencies": {status: sorted(found) for status, found in self.latencies.items()},
            "broken": self.broken,
            "unsent": self.unsent,
            "unanswered": unanswered,
            "late": self.late * 1e3,
            "seconds": self.seconds,
            "warm_up": self.warm_up,
            "cpu": used,
        }

    def _connect(self) -> None:
        one = _Connection(socket.create_connection(("127.0.0.1", self.port), _PATIENCE, (self.source, 0)))
        one.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.socket.settimeout(0)
        self._open[one.socket.fileno()] = one
        self._poller.register(one.socket, select.EPOLLIN)
        self._free.append(one)

    def _due(self) -> list[float]:
        """When requests are due, in seconds from now: independent of each other, so that they come in bursts."""
        chance = random.Random(1)  # noqa: S311 -- nothing is secret here
        at, due = 0.0, []
        while (at := at + chance.expovariate(self.rate)) < self.warm_up + self.seconds:
            due.append(at)
        return due

    def _send_all(self) -> None:
        clock, free, requests = time.perf_counter, self._free, self.requests
        due = self._due()
        began = clock()
        self._counted_from = began + self.warm_up
        number, last, waited = 0, began + self.warm_up + self.seconds, False
        while number < len(due):
            now = clock()
            if now > last:
                self.unsent = len(due) - number
                break
            while number < len(due) and began + due[number] <= now and free:
                one = free.popleft()
                one.due = began + due[number]
                if not waited:
                    self.late = max(self.late, now - one.due)
                # What the server has closed is noticed when it is read from.
                with suppress(OSError):
                    one.socket.send(requests[number % len(requests)])
                number += 1
            waited = not free
            until = began + due[number] - clock() if number < len(due) and free else _NEVER
            self._receive(max(until, 0.0))
        while len(free) < len(self._open) and clock() < last + self.patience:
            self._receive(_NEVER)

    def _receive(self, seconds: float) -> None:
        # epoll counts in milliseconds, select in microseconds.
        if seconds and not select.select([self._poller], [], [], seconds)[0]:
            return
        for descriptor, _ in self._poller.poll(0):
            one = self._open[descriptor]
            try:
                data = one.socket.recv(_BLOCK)
            except OSError:
                data = b""
            if not data:
                self._replace(one)
                continue
            one.received += data
            end = one.received.find(_HEAD_END)
            if end < 0:
                continue
            head = one.received[: end + 2].lower()
            at = head.find(_LENGTH) + len(_LENGTH)
            length = int(head[at : head.find(b"\r", at)])
            if len(one.received) >= end + len(_HEAD_END) + length:
                self._answered(one)

    def _answered(self, one: _Connection) -> None:
        if one.due >= self._counted_from:
            status = one.received[9:12].decode()
            self.statuses[status] += 1
            self.latencies.setdefault(status, []).append((time.perf_counter() - one.due) * 1e3)
        one.received = b""
        self._free.append(one)

    def _replace(self, one: _Connection) -> None:
        """Open another connection for one that the server has closed, and count it if an answer was owed."""
        if one not in self._free:
            self.broken += 1
        else:
            self._free.remove(one)
        self._poller.unregister(one.socket)
        del self._open[one.socket.fileno()]
        one.socket.close()
        self._connect()


def main() -> None:
    """Carry out the orders."""
    for line in sys.stdin:
        order = json.loads(line)
        order["requests"] = [request.encode("latin-1") for request in order["requests"]]
        print(json.dumps(Load(**order).run()), flush=True)


if __name__ == "__main__":
    main()
