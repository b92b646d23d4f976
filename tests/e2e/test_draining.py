"""Between the order to stop and the end: those who ask learn of it in time, and nobody is refused meanwhile."""

import os
import signal
import time
from pathlib import Path

import httpx2
import pytest

from e2e.answers import create, problem
from e2e.processes import ServerProcess, eventually

USERS = "/api/v1/users"
# Seconds, so that a test has the time to look around, and does not wait for the end.
LONG = "60"


def is_draining(server: ServerProcess) -> bool:
    with server.client() as http:
        return http.get("/readyz").status_code == 503


@pytest.mark.parametrize("workers", ["1", "2"])
def test_after_sigterm_readiness_says_draining_and_requests_are_served(
    database_url: str, tmp_path: Path, workers: str
) -> None:
    settings = {"DATABASE_URL": database_url, "SERVER_DRAIN_DELAY": LONG}
    with ServerProcess(tmp_path, "--workers", workers, **settings) as server:
        os.kill(server.pid, signal.SIGTERM)
        eventually("every worker drains", lambda: server.log.count("draining: ") == int(workers))
        for number in range(6):
            with server.client() as http:
                answer = http.get("/readyz")
                assert problem(answer, 503, "draining")["detail"]
                assert answer.headers["retry-after"] == "1"
                assert http.get("/livez").status_code == 200
                assert create(http, f"user{number}@example.com")["id"]
        server.kill()


def test_while_draining_clients_are_sent_to_new_connections(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, DATABASE_URL="memory://", SERVER_DRAIN_DELAY=LONG) as server:
        with server.client() as http:
            assert "connection" not in http.get("/livez").headers
            os.kill(server.pid, signal.SIGTERM)
            eventually("it drains", lambda: is_draining(server))
            assert http.get("/livez").headers["connection"] == "close"
        server.kill()


def test_when_the_delay_is_over_the_server_ends_in_good_order(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, DATABASE_URL="memory://", SERVER_DRAIN_DELAY="0.5") as server:
        began = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        os.kill(server.pid, signal.SIGTERM)  # a supervisor and the process group may both send it
        assert server.stop() == 0
        assert time.monotonic() - began >= 0.5
        assert "Application shutdown complete" in server.log
        assert "Traceback" not in server.log
        with pytest.raises(httpx2.ConnectError), server.client() as http:
            http.get("/livez")


def test_sigint_does_not_wait(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, DATABASE_URL="memory://", SERVER_DRAIN_DELAY=LONG) as server:
        os.kill(server.pid, signal.SIGTERM)
        eventually("it drains", lambda: is_draining(server))
        began = time.monotonic()
        os.kill(server.pid, signal.SIGINT)
        eventually("it has stopped", lambda: "Finished server process" in server.log)
        assert time.monotonic() - began < float(LONG) / 4
        assert "Application shutdown complete" in server.log
