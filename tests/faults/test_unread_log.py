"""A log that is not read: the service answers, and stops on SIGTERM."""

import signal
import socket
import subprocess
from pathlib import Path

import httpx2

from e2e.processes import CONSOLE_SCRIPT, environment, eventually

# A pipe holds 64 KiB, which some 590 lines fill.
REQUESTS = 3000


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_a_service_whose_log_is_not_read_answers_and_stops(tmp_path: Path) -> None:
    port = free_port()
    settings = environment(DATABASE_URL="memory://", SERVER_DRAIN_DELAY="0")
    command = [CONSOLE_SCRIPT, "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path, env=settings, stderr=subprocess.PIPE) as server:
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:

                def serves() -> bool:
                    try:
                        return http.get("/livez").status_code == 200
                    except httpx2.TransportError:
                        return False

                eventually("the service answers", serves)
                assert {http.get("/livez").status_code for _ in range(REQUESTS)} == {200}
            server.send_signal(signal.SIGTERM)
            assert server.wait(20) == 0
        finally:
            server.kill()
