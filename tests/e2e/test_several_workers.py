"""Worker processes of one server are one service."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from e2e.answers import create
from e2e.processes import ServerProcess


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process does nothing meanwhile, so that others do what there is to do."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def answer_of_a_new_connection(server: ServerProcess, address: str) -> dict[str, Any]:
    with server.client() as http:
        answer = http.get(address)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document


def test_a_cursor_of_one_worker_is_good_at_the_other(database_url: str, tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--workers", "2", DATABASE_URL=database_url) as server:
        first, second = server.worker_pids
        with server.client() as http:
            users = [create(http, f"user{number}@example.com") for number in range(3)]
        with stopped(second):
            page = answer_of_a_new_connection(server, "/api/v1/users?limit=2")
        with stopped(first):
            rest = answer_of_a_new_connection(server, f"/api/v1/users?limit=2&cursor={page['next_cursor']}")
        assert page["items"] + rest["items"] == users
        assert server.stop() == 0
