"""A revocation holds in every worker as soon as it has been answered, whatever is under way."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from e2e.credentials import new_key
from e2e.processes import PATIENCE, ServerProcess, run_cli

CLIENTS = 50
REQUESTS_PER_CONNECTION = 10
USERS = "/api/v1/users"


@dataclass
class Hammer:
    """Clients that send requests with one key, each as fast as it is answered.

    `seen` has when each request began, and its status.
    """

    url: str
    secret: str
    seen: list[tuple[float, int]] = field(default_factory=list)
    stopped: bool = False

    async def swing(self) -> None:
        """Be one of the clients. After some requests it connects anew, so that every worker gets some of them."""
        headers = {"Authorization": f"Bearer {self.secret}"}
        while not self.stopped:
            async with httpx2.AsyncClient(
                base_url=self.url, headers=headers, timeout=PATIENCE, trust_env=False, verify=False
            ) as http:
                for _ in range(REQUESTS_PER_CONNECTION):
                    began = time.monotonic()
                    answer = await http.get(USERS, params={"limit": 1})
                    self.seen.append((began, answer.status_code))
                    if self.stopped:
                        break

    def since(self, moment: float) -> list[int]:
        """The statuses of requests that began after it."""
        return [status for began, status in self.seen if began > moment]


def sockets(pid: int) -> int:
    """How many sockets the process has open."""
    count = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            count += str(file.readlink()).startswith("socket:")
    return count


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds, on a machine that may be busy with other tests."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 -- what is waited for is in other processes
            await asyncio.sleep(0.05)


async def hammered(server: ServerProcess, secret: str, revoke: Callable[[], Awaitable[None]]) -> None:
    hammer = Hammer(server.url, secret)
    idle = {pid: sockets(pid) for pid in server.worker_pids}
    busy: set[int] = set()

    def all_are_busy() -> bool:
        busy.update(pid for pid in idle if sockets(pid) > idle[pid])
        return busy == idle.keys() and len(hammer.seen) > CLIENTS

    clients = [asyncio.create_task(hammer.swing()) for _ in range(CLIENTS)]
    await until(all_are_busy)
    assert {status for _began, status in hammer.seen} == {200}
    await revoke()
    answered = time.monotonic()
    await until(lambda: len(hammer.since(answered)) > CLIENTS)
    hammer.stopped = True
    await asyncio.gather(*clients)
    # A busy worker may refuse requests for other reasons.
    assert 401 in hammer.since(answered)
    assert set(hammer.since(answered)) <= {401, 503}


@pytest.mark.anyio
async def test_no_request_that_begins_after_a_revocation_was_answered_succeeds(
    database_url: str, tmp_path: Path
) -> None:
    settings = {"AUTH_MODE": "api-keys", "FAILED_AUTHENTICATION_LIMIT": "1000000/1s", "DATABASE_URL": database_url}
    with ServerProcess(tmp_path, "--workers", "2", **settings) as server:
        in_terminal, over_http = [new_key(tmp_path, settings, "users:read") for _ in range(2)]
        _id, administrator = new_key(tmp_path, settings, "api-keys:write")

        async def revoke_in_terminal() -> None:
            done = await asyncio.to_thread(run_cli, "keys", "revoke", str(in_terminal[0]), cwd=tmp_path, **settings)
            assert (done.returncode, done.stderr) == (0, "")

        async def revoke_over_http() -> None:
            async with httpx2.AsyncClient(timeout=PATIENCE, trust_env=False, verify=False) as http:
                address = f"{server.url}/api/v1/api-keys/{over_http[0]}"
                answer = await http.delete(address, headers={"Authorization": f"Bearer {administrator}"})
            assert answer.status_code == 204, answer.text

        await hammered(server, in_terminal[1], revoke_in_terminal)
        await hammered(server, over_http[1], revoke_over_http)
        assert server.stop() == 0


def test_a_server_asks_for_the_keys_of_the_terminal(database_url: str, tmp_path: Path) -> None:
    settings = {"AUTH_MODE": "api-keys", "FAILED_AUTHENTICATION_LIMIT": "1000000/1s", "DATABASE_URL": database_url}
    _id, secret = new_key(tmp_path, settings, "users:read")
    with ServerProcess(tmp_path, **settings) as server, server.client() as http:
        assert http.get(USERS).status_code == 401
        http.headers["Authorization"] = f"Bearer {secret}"
        assert http.get(USERS).status_code == 200
        assert http.post(USERS, json={}).status_code == 403
        assert http.get(USERS, headers={"Authorization": f"Bearer {secret}x"}).status_code == 401
        assert server.stop() == 0
    for shown in (secret, secret[4:34], "Bearer", "uthorization"):
        assert shown not in server.log
