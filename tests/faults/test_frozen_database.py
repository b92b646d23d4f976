"""A database that answers nothing any more: each answer is in time, and all works when it is back."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from e2e.answers import create, problem
from e2e.processes import ServerProcess, eventually
from e2e.relay import Relay, relay
from postgres_fixtures import POSTGRES_NAMES
from running_servers import Storages

# Seconds: the deadline of the servers here, and what an answer may take beyond it on a slow machine.
DEADLINE = 1.0
LATE = 3.0
CUT_SHORT = 6


@pytest.fixture(scope="module", params=POSTGRES_NAMES[-1:])
def network(request: pytest.FixtureRequest, storages: Storages) -> Iterator[tuple[str, Relay]]:
    """A database at the other end of a network."""
    with storages.migrated(request.param) as url:
        parts = urlsplit(url)
        with relay((str(parts.hostname), parts.port or 5432)) as between:
            between.plug_in()
            yield parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{between.port}").geturl(), between


@pytest.fixture(scope="module")
def server(network: tuple[str, Relay], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    url, _ = network
    limits = {"REQUEST_TIMEOUT": str(DEADLINE), "DATABASE_POOL_SIZE": "5", "DATABASE_POOL_QUEUE": "50"}
    with ServerProcess(tmp_path_factory.mktemp("frozen"), DATABASE_URL=url, **limits) as running:
        yield running


@pytest.fixture
def frozen(server: ServerProcess, network: tuple[str, Relay]) -> Iterator[Relay]:
    """The network, on which nothing moves until it thaws; the service has open connections."""
    _, between = network
    with server.client() as http:
        eventually("the service is ready", lambda: http.get("/readyz").status_code == 200)
        in_parallel([lambda: http.get("/api/v1/users")] * 10)
    between.freeze()
    try:
        yield between
    finally:
        between.thaw()


def in_parallel(calls: list[Callable[[], httpx2.Response]]) -> list[tuple[httpx2.Response, float]]:
    """The answers, and how many seconds each took."""
    found: list[Any] = [None] * len(calls)

    def run(place: int, call: Callable[[], httpx2.Response]) -> None:
        began = time.monotonic()
        answer = call()
        found[place] = answer, time.monotonic() - began

    threads = [threading.Thread(target=run, args=one) for one in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def kind(answer: httpx2.Response) -> str:
    """The kind of the problem that the answer is."""
    name: str = answer.json()["type"].rpartition("/")[2]
    problem(answer, answer.status_code, name)
    return name


@pytest.mark.usefixtures("frozen")
def test_each_request_is_answered_within_its_deadline(server: ServerProcess) -> None:
    with server.client() as http:
        user = {"email": "ada@example.com", "name": "Ada"}
        calls: list[Callable[[], httpx2.Response]] = [
            lambda: http.get("/api/v1/users/1"),
            lambda: http.get("/api/v1/users"),
            lambda: http.post("/api/v1/users", json=user),
            lambda: http.post("/api/v1/users", json=user, headers={"Idempotency-Key": "frozen"}),
            lambda: http.patch("/api/v1/users/1", json={"name": "Countess"}),
            lambda: http.delete("/api/v1/users/1"),
        ]
        answers = in_parallel(calls * 3)
        kinds = {kind(answer) for answer, _ in answers}
        assert "deadline-exceeded" in kinds <= {"deadline-exceeded", "overloaded", "storage-unavailable"}
        assert max(seconds for _, seconds in answers) < DEADLINE + LATE
        # What comes later finds no connection that is dead, and none in use.
        [(answer, seconds)] = in_parallel([lambda: http.get("/api/v1/users/1")])
        assert kind(answer) in {"deadline-exceeded", "storage-unavailable"}
        assert seconds < DEADLINE + LATE


@pytest.mark.usefixtures("frozen")
def test_health_is_answered_meanwhile(server: ServerProcess) -> None:
    with server.client() as http:
        waiting = threading.Thread(target=in_parallel, args=([lambda: http.get("/api/v1/users")] * 10,))
        waiting.start()
        answers: list[httpx2.Response] = []
        while not answers or answers[-1].status_code == 200:  # which is from the second before
            [(alive, quick)] = in_parallel([lambda: http.get("/livez")])
            [(ready, seconds)] = in_parallel([lambda: http.get("/readyz")])
            answers.append(ready)
            assert (alive.status_code, quick < LATE, seconds < 2 + LATE) == (200, True, True)
        assert kind(answers[-1]) == "storage-unavailable"
        waiting.join(60)


def test_the_service_works_again_when_the_network_does(server: ServerProcess, frozen: Relay) -> None:
    with server.client() as http:
        answers = in_parallel([lambda: http.get("/api/v1/users")] * 20)
        assert {answer.status_code for answer, _ in answers} <= {503, 504}
        frozen.thaw()
        began = time.monotonic()
        eventually("the service reads again", lambda: http.get("/api/v1/users").status_code == 200)
        assert time.monotonic() - began < 1 + LATE
        create(http, "back@example.com")


def test_a_write_that_is_cut_short_is_made_once_when_it_is_repeated(
    network: tuple[str, Relay], server: ServerProcess
) -> None:
    _, between = network
    met = set()
    with server.client() as http:
        for number in range(CUT_SHORT):
            key = {"Idempotency-Key": f"cut-short-{number}"}
            user = {"email": f"cut-short-{number}@example.com", "name": "Ada"}
            freezing = threading.Timer(0.0005 * number, between.freeze)
            freezing.start()
            answer = http.post("/api/v1/users", json=user, headers=key, timeout=30)
            freezing.join()
            between.thaw()
            if answer.status_code != 201:
                met.add(kind(answer))
            eventually("the service is ready", lambda: http.get("/readyz").status_code == 200)

            def repeated() -> bool:
                return http.post("/api/v1/users", json=user, headers=key).status_code == 201  # noqa: B023 -- used here

            eventually("the repetition succeeds", repeated)
        emails = [one["email"] for one in http.get("/api/v1/users?limit=100").json()["items"]]
    assert [one for one in emails if one.startswith("cut")] == [
        f"cut-short-{number}@example.com" for number in range(CUT_SHORT)
    ]
    assert met <= {"deadline-exceeded", "commit-outcome-unknown", "storage-unavailable"}


def test_a_service_that_is_told_to_stop_waits_no_longer_than_its_requests(
    network: tuple[str, Relay], tmp_path: Path
) -> None:
    url, between = network
    limits = {"REQUEST_TIMEOUT": str(DEADLINE), "SERVER_DRAIN_DELAY": "0"}
    with ServerProcess(tmp_path, DATABASE_URL=url, **limits) as server, server.client() as http:
        in_parallel([lambda: http.get("/api/v1/users")] * 10)
        between.freeze()
        try:
            waiting = threading.Thread(target=in_parallel, args=([lambda: http.get("/api/v1/users")] * 10,))
            waiting.start()
            time.sleep(0.2)
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < DEADLINE + 1 + LATE
            waiting.join(60)
        finally:
            between.thaw()
