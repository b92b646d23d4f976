"""Clients that write down what they asked and what was answered, to be compared with the table."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

import httpx2
from sqlalchemy import text

from e2e.processes import ServerProcess, eventually
from plain_sql import connected

USERS = "/api/v1/users"
WRITERS = 8
# Those of which it is not known whether they were carried out; all other refusals wrote nothing.
UNKNOWN = frozenset({"commit-outcome-unknown", "broken connection"})


@dataclass(eq=False)
class Entry:
    """A user: its id once it is known, the names that it may have, and None where it may not be there."""

    email: str
    id: int = 0
    states: set[str | None] = field(default_factory=lambda: {None})


class Ledger:
    """What was asked of the service at `server` and what it answered, by `WRITERS` clients at once.

    `outcomes` counts the answers by kind, `slowest` is the longest that one took, in seconds, and `contradictions` has
    the answers that no fault explains.
    """

    def __init__(self, server: ServerProcess) -> None:
        self.outcomes: Counter[str] = Counter()
        self.slowest = 0.0
        self.contradictions: list[str] = []
        self._server = server
        self._entries: dict[str, Entry] = {}
        self._unsettled: list[Entry] = []
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._write, daemon=True) for _ in range(WRITERS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)

    def written(self, more: int = 1) -> None:
        """Wait until `more` writes beyond those so far were acknowledged."""
        enough = self.outcomes["acknowledged"] + more
        eventually("the clients write", lambda: self.outcomes["acknowledged"] >= enough)

    def settle(self, http: httpx2.Client) -> None:
        """Repeat each creation of unknown outcome, with its key, until it is answered."""
        for entry in self._unsettled:
            name = next(state for state in entry.states if state is not None)

            def settled(entry: Entry = entry, name: str = name) -> bool:
                kind, _ = self._ask(http, "POST", USERS, entry, name)
                return kind == "acknowledged"

            eventually(f"the creation of {entry.email} converges", settled)
            entry.states = {name}

    def compare(self, url: str) -> list[str]:
        """What the table has other than the answers said; nothing, where all is well."""
        with connected(url) as connection:
            rows = connection.execute(text("SELECT email, name FROM users")).all()
        found = {str(row.email): row.name for row in rows}
        wrong = [f"{email} is there twice" for email, times in Counter(email for email, _ in rows).items() if times > 1]
        wrong += [f"{email} was never asked for" for email in found if email not in self._entries]
        wrong += [
            f"{entry.email} is {found.get(entry.email)} and not {entry.states}"
            for entry in self._entries.values()
            if found.get(entry.email) not in entry.states
        ]
        return wrong + self.contradictions

    def _write(self) -> None:
        with self._server.client() as http:
            while not self._stopping.is_set():
                self._use_a_user(http)

    def _use_a_user(self, http: httpx2.Client) -> None:
        """Create a user, change it and, every third time, delete it, as far as each step was acknowledged."""
        number = next(self._numbers)
        entry = Entry(f"user{number}@example.com")
        with self._lock:
            self._entries[entry.email] = entry
        kind, answer = self._ask(http, "POST", USERS, entry, "Created")
        if kind == "acknowledged" and answer is not None:
            entry.id, entry.states = answer["id"], {"Created"}
        elif kind in UNKNOWN:
            entry.states = {None, "Created"}
            with self._lock:
                self._unsettled.append(entry)
        if len(entry.states) == 1 and entry.id:
            self._step(http, "PATCH", entry, "Changed")
        if number % 3 == 0 and entry.states == {"Changed"}:
            self._step(http, "DELETE", entry, None)

    def _step(self, http: httpx2.Client, method: str, entry: Entry, result: str | None) -> None:
        kind, _ = self._ask(http, method, f"{USERS}/{entry.id}", entry, result)
        if kind == "acknowledged":
            entry.states = {result}
        elif kind in UNKNOWN:
            entry.states.add(result)

    def _ask(
        self, http: httpx2.Client, method: str, path: str, entry: Entry, name: str | None
    ) -> tuple[str, dict[str, Any] | None]:
        """Send a request; the kind of its outcome, and the answer of one that was carried out."""
        arguments: dict[str, Any] = {}
        if method == "POST":
            arguments = {"json": {"email": entry.email, "name": name}, "headers": {"Idempotency-Key": entry.email}}
        elif method == "PATCH":
            arguments = {"json": {"name": name}}
        began = time.monotonic()
        document: dict[str, Any] | None = None
        try:
            answer = http.request(method, path, **arguments)
        except httpx2.TransportError:
            kind = "broken connection"
        else:
            document = answer.json() if answer.content else None
            if answer.status_code < 300:
                kind = "acknowledged"
            else:
                kind = str(document["type"]).rpartition("/")[2] if document else "nothing"
                if answer.status_code not in {503, 504}:
                    self.contradictions.append(f"{method} of {entry.email} was {answer.status_code} {kind}")
        with self._lock:
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.outcomes[kind] += 1
        if kind != "acknowledged":
            time.sleep(0.02)  # as a client does that is told to come back
        return kind, document


class Watch:
    """Asks a path all the time, in a thread: a context manager. `slowest` is the longest answer, in seconds."""

    def __init__(self, server: ServerProcess, path: str) -> None:
        self.slowest = 0.0
        self.statuses: set[int] = set()
        self._server = server
        self._path = path
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stopping.set()
        self._thread.join(60)

    def _ask(self) -> None:
        with self._server.client() as http:
            while not self._stopping.wait(0.02):
                began = time.monotonic()
                try:
                    self.statuses.add(http.get(self._path).status_code)
                except httpx2.TransportError:
                    continue  # a worker that was killed
                self.slowest = max(self.slowest, time.monotonic() - began)


def seconds_until(holds: Callable[[], bool]) -> float:
    """How long it takes until `holds()`."""
    began = time.monotonic()
    eventually("it recovers", holds)
    return time.monotonic() - began
