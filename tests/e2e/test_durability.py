"""What was acknowledged is there, whatever happens to the process."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import httpx2

from e2e.processes import ServerProcess, eventually

WRITERS = 8
ENOUGH = 100


class Ledger:
    """What was sent, and what was acknowledged."""

    def __init__(self) -> None:
        self.sent: set[str] = set()
        self.acknowledged: dict[str, int] = {}
        self._numbers = count(1)
        self._lock = threading.Lock()

    def next_email(self) -> str:
        with self._lock:
            email = f"user{next(self._numbers)}@example.com"
            self.sent.add(email)
            return email


def write_until_the_connection_breaks(server: ServerProcess, ledger: Ledger) -> None:
    with server.client() as http:
        while True:
            email = ledger.next_email()
            try:
                answer = http.post("/api/v1/users", json={"email": email, "name": "Somebody"})
            except httpx2.TransportError:
                return
            assert answer.status_code == 201, answer.text
            ledger.acknowledged[email] = answer.json()["id"]


def all_users(server: ServerProcess) -> list[tuple[str, int]]:
    users = []
    with server.client() as http:
        page = http.get("/api/v1/users", params={"limit": 100})
        while True:
            users += [(user["email"], user["id"]) for user in page.json()["items"]]
            if "link" not in page.headers:
                return users
            page = http.get(page.headers["link"].partition(">")[0].removeprefix("<"))


def test_acknowledged_users_survive_the_death_of_the_process(database_url: str, tmp_path: Path) -> None:
    ledger = Ledger()
    with (
        ServerProcess(tmp_path, DATABASE_URL=database_url) as server,
        ThreadPoolExecutor(WRITERS) as pool,
    ):
        writers = [pool.submit(write_until_the_connection_breaks, server, ledger) for _ in range(WRITERS)]
        eventually("enough users are acknowledged", lambda: len(ledger.acknowledged) >= ENOUGH)
        server.kill()
        for writer in writers:
            writer.result()
    with ServerProcess(tmp_path, DATABASE_URL=database_url) as server:
        found = all_users(server)
    assert set(found) >= set(ledger.acknowledged.items())
    assert Counter(email for email, _id in found).most_common(1)[0][1] == 1
    assert {email for email, _id in found} <= ledger.sent
    # Each writer may have had one creation under way that was made and never acknowledged.
    assert len(found) <= len(ledger.acknowledged) + WRITERS
