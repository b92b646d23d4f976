"""SIGTERM under load: each request that was sent is answered, no connection is reset, and the service ends well."""

import os
import signal
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from e2e.processes import ServerProcess, eventually
from running_servers import Storages

CLIENTS = 50
REQUEST = b"GET /api/v1/users HTTP/1.1\r\nHost: localhost\r\n\r\n"


class LoadingClient(threading.Thread):
    """Sends requests, on a new connection when the old one was closed with an answer, until it cannot connect."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(daemon=True)
        self.address = address
        self.answered = 0
        self.lost: list[str] = []

    def run(self) -> None:
        """Send requests until a connection is refused."""
        while True:
            try:
                connection = socket.create_connection(self.address, timeout=30)
            except OSError:
                return
            with connection:
                self._use(connection)

    def _use(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as answers:
            while True:
                try:
                    connection.sendall(REQUEST)
                    head = self._head(answers)
                except OSError as error:
                    self.lost.append(type(error).__name__)
                    return
                if not head:
                    self.lost.append("closed without an answer")
                    return
                self.answered += 1
                if b"connection: close" in head.lower():
                    return

    def _head(self, answers: object) -> bytes:
        lines = []
        while (line := answers.readline()) not in {b"\r\n", b""}:  # type: ignore[attr-defined]  # a file
            lines.append(line)
        length = next((int(one.split(b":")[1]) for one in lines if one.lower().startswith(b"content-length")), 0)
        answers.read(length)  # type: ignore[attr-defined]
        return b"".join(lines)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_under_load_no_request_is_lost(storages: Storages, tmp_path: Path, workers: str) -> None:
    with storages.migrated("sqlite") as url:
        settings = {"DATABASE_URL": url, "SERVER_DRAIN_DELAY": "0.5"}
        with ServerProcess(tmp_path, "--workers", workers, **settings) as server:
            address = urlsplit(server.url)
            clients = [LoadingClient((str(address.hostname), int(address.port or 0))) for _ in range(CLIENTS)]
            for one in clients:
                one.start()
            time.sleep(1)
            assert server.stop() == 0
            for one in clients:
                one.join(30)
    assert [lost for one in clients for lost in one.lost] == []
    assert sum(one.answered for one in clients) > CLIENTS


@pytest.mark.parametrize("workers", [1, 2])
def test_a_second_order_is_obeyed_at_once(storages: Storages, tmp_path: Path, workers: int) -> None:
    with (
        storages.migrated("sqlite") as url,
        ServerProcess(tmp_path, "--workers", str(workers), DATABASE_URL=url, SERVER_DRAIN_DELAY="60") as server,
    ):
        os.kill(server.pid, signal.SIGTERM)
        eventually("all workers drain", lambda: server.log.count("draining: ") == workers)
        time.sleep(0.6)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5
    assert "Traceback" not in server.log
