"""Kinds of problems that take a fault: a defect, a storage that is held up or gone, a slow client, an end."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import anyio.to_thread
import httpx2
import pytest
from sqlalchemy import text

import e2e.defective_service
from contract.interruptions import BreakingProxy
from e2e.answers import create, problem
from e2e.processes import ServerProcess, eventually
from http_contract.conftest import DATABASES
from http_contract.talking import USERS, connection, emails, import_file, lines, new_user, read_answer
from plain_sql import connected
from running_servers import RunningServers

ADA = {"email": "ada@example.com", "name": "Ada"}
REFUSED_AT_COMMIT = [
    """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$""",
    """CREATE CONSTRAINT TRIGGER late AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
       WHEN (NEW.name = 'Refused at COMMIT') EXECUTE FUNCTION refuse()""",
]


def advised_to_retry(answer: httpx2.Response, slug: str) -> None:
    problem(answer, 503, slug)
    assert int(answer.headers["retry-after"]) >= 1


def test_internal_error(strict_server: ServerProcess) -> None:
    with strict_server.client() as http:
        answer = http.get("/fails-before-the-answer")
        assert "errors" not in problem(answer, 500, "internal-error")
        assert e2e.defective_service.SECRET not in answer.text
        in_log = 'defective_service.py", line'
        eventually("the defect is logged with its traceback", lambda: in_log in strict_server.log)
        assert http.get(USERS).status_code == 200


def test_overloaded(strict_server: ServerProcess) -> None:
    head = b"POST /api/v1/users/import?on_conflict=skip HTTP/1.1\r\nHost: [::1]\r\nContent-Type: "
    head += b"application/x-ndjson\r\n"
    answers: list[httpx2.Response] = []
    with strict_server.client() as http:

        def another_is_refused() -> bool:
            # A pool of one connection admits one import at a time. This one waits for its client, if only for 0.3 s.
            with connection(strict_server) as slow:
                slow.sendall(head + b"Content-Length: 1000\r\n\r\n" + lines(new_user(2)) + b"{")
                answers.append(import_file(http, lines(new_user(1)), on_conflict="skip"))
            return answers[-1].status_code == 503

        eventually("the second import is refused", another_is_refused)
        advised_to_retry(answers[-1], "overloaded")
        assert http.get(USERS).status_code == 200


def test_request_timeout(strict_server: ServerProcess) -> None:
    with connection(strict_server) as slow:
        slow.sendall(b"POST /api/v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        slow.sendall(b"Content-Length: 100\r\n\r\n{")
        answer = read_answer(slow)
    problem(answer, 408, "request-timeout")
    assert answer.headers["connection"] == "close"


@pytest.fixture(scope="session", params=DATABASES)
def strict_database_server(request: pytest.FixtureRequest, strict_servers: RunningServers) -> ServerProcess:
    """A server with little patience, on a database that others can hold up."""
    return strict_servers(request.param)


@contextmanager
def nobody_else_writes(url: str) -> Iterator[None]:
    with connected(url) as database:
        database.execute(
            text("UPDATE users SET name = name" if "sqlite" in url else "LOCK TABLE users IN EXCLUSIVE MODE")
        )
        yield


@pytest.mark.fewer_storages("nobody else can hold up the memory of a process")
def test_deadline_exceeded(strict_database_server: ServerProcess) -> None:
    url = strict_database_server._settings["DATABASE_URL"]
    with strict_database_server.client() as http:
        with nobody_else_writes(url):
            problem(http.post(USERS, json=ADA), 504, "deadline-exceeded")
        assert "ada@example.com" not in emails(http)
        assert http.delete(f"{USERS}/{create(http)['id']}", headers={"If-Match": "*"}).status_code == 204


@pytest.mark.anyio
@pytest.mark.fewer_storages("only a connection that crosses a network can break while COMMIT is under way")
async def test_commit_outcome_unknown_and_a_retry_that_makes_it_known(
    postgres_server: ServerProcess, tmp_path: Path
) -> None:
    proxy = BreakingProxy()
    unique = uuid4().hex

    def post(http: httpx2.Client, *, arrives: bool) -> httpx2.Response:
        user = {"email": f"{arrives}.{unique}@example.com", "name": "Ada"}
        return http.post(USERS, json=user, headers={"Idempotency-Key": f"{arrives}-{unique}"})

    def write_twice(far_url: str) -> None:
        with ServerProcess(tmp_path, DATABASE_URL=far_url) as far, far.client() as http:
            for arrives in (True, False):
                proxy.delivers = arrives
                advised_to_retry(post(http, arrives=arrives), "commit-outcome-unknown")

    def repeat() -> None:
        with postgres_server.client() as http:
            for arrived in (True, False):
                answer = post(http, arrives=arrived)
                assert (answer.status_code, "idempotent-replayed" in answer.headers) == (201, arrived)
                assert len(http.get(USERS, params={"email": answer.json()["email"]}).json()["items"]) == 1

    async with proxy.to(postgres_server._settings["DATABASE_URL"]) as far_url:
        await anyio.to_thread.run_sync(write_twice, far_url)
    assert proxy.breaks == 2
    await anyio.to_thread.run_sync(repeat)


@pytest.mark.fewer_storages("only PostgreSQL can refuse a transaction as late as at its COMMIT")
def test_nobody_is_told_201_before_the_commit(postgres_server: ServerProcess) -> None:
    with connected(postgres_server._settings["DATABASE_URL"]) as database:
        for statement in REFUSED_AT_COMMIT:
            database.execute(text(statement))
    with postgres_server.client() as http:
        refused = {"email": f"{uuid4().hex}@example.com", "name": "Refused at COMMIT"}
        problem(http.post(USERS, json=refused), 500, "internal-error")
        assert http.get(USERS, params={"email": refused["email"]}).json()["items"] == []
        assert create(http, refused["email"])


def test_draining(storage_url: str, tmp_path: Path) -> None:
    with ServerProcess(tmp_path, DATABASE_URL=storage_url, SERVER_DRAIN_DELAY="60") as server, server.client() as http:
        os.kill(server.pid, signal.SIGTERM)
        eventually("readiness notices the end", lambda: http.get("/readyz").status_code == 503)
        advised_to_retry(http.get("/readyz"), "draining")
        assert http.get("/livez").status_code == 200
        with server.client() as newcomer:
            assert create(newcomer)
        server.kill()
