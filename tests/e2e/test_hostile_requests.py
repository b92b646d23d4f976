"""Whatever is sent: every answer is one that the contract knows, and nobody else is disturbed."""

import time
from collections.abc import Iterator

import httpx2
import pytest

from e2e.answers import problem
from e2e.hostile.bodies import BODIES, VALUES
from e2e.hostile.cases import Case
from e2e.hostile.credentials import CREDENTIALS
from e2e.hostile.files import FILES
from e2e.hostile.framing import FRAMING, PIPELINES
from e2e.hostile.heads import ADDRESSES, FIRST_LINES, HEADERS
from e2e.processes import ServerProcess
from e2e.raw_connections import answers_to
from entrypoints.http.app import create_app
from entrypoints.settings import Settings

USERS = "/api/v1/users"
# Seconds that somebody else waits at most for an answer, on a machine that is busy with other things.
QUICKLY = 3.0
EVERYTHING = [*FIRST_LINES, *ADDRESSES, *HEADERS, *FRAMING, *PIPELINES, *BODIES, *VALUES, *FILES]
SLUGS = {(kind.status, kind.slug) for kind in create_app(Settings(database_url="memory://")).state.problems.kinds}
# Failed attempts are not what the cases are about.
PROTECTED = {"auth_mode": "oidc", "FAILED_AUTHENTICATION_LIMIT": "1000000/1s"}


@pytest.fixture(scope="module", params=[{}, PROTECTED], ids=["open", "protected"])
def memory_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server for all that is refused before any storage is asked, so that one storage is enough for it.

    With authentication, hostile requests have a credential: no answer is another one than without.
    """
    directory = tmp_path_factory.mktemp("server")
    with ServerProcess(directory, DATABASE_URL="memory://", **request.param) as running:
        yield running
        assert "Traceback" not in running.log


@pytest.fixture(scope="module")
def somebody_else(memory_server: ServerProcess) -> Iterator[httpx2.Client]:
    """A client that has done nothing wrong, with a connection that it keeps."""
    with memory_server.client() as client:
        yield client


def check(answer: httpx2.Response) -> None:
    """Look at what every answer promises."""
    if answer.status_code == 100:
        return
    assert answer.status_code < 500
    names = [name.lower() for name, _value in answer.headers.multi_items()]
    assert len(names) == len(set(names))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "server" not in names
    if answer.status_code >= 400:
        slug = answer.json()["type"].removeprefix("/problems/")
        problem(answer, answer.status_code, slug)
        assert (answer.status_code, slug) in SLUGS
    elif answer.status_code == 204:
        assert "OPTIONS" in answer.headers["allow"]
    else:
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() is not None


def check_undisturbed(somebody_else: httpx2.Client) -> None:
    began = time.monotonic()
    assert somebody_else.get(USERS, params={"limit": 1}).status_code == 200
    assert time.monotonic() - began < QUICKLY


@pytest.mark.parametrize("case", EVERYTHING, ids=lambda case: case.name)
def test_every_answer_to_a_hostile_request_keeps_the_contract(
    memory_server: ServerProcess, somebody_else: httpx2.Client, case: Case
) -> None:
    answers = answers_to(memory_server, case.content)
    for user in somebody_else.get(USERS).json()["items"]:
        somebody_else.delete(f"{USERS}/{user['id']}")
    assert tuple(answer.status_code for answer in answers) == case.statuses, [answer.text for answer in answers]
    for answer in answers:
        check(answer)
    check_undisturbed(somebody_else)


@pytest.mark.parametrize("memory_server", [PROTECTED], ids=["protected"], indirect=True)
@pytest.mark.parametrize("case", CREDENTIALS, ids=lambda case: case.name)
def test_a_hostile_credential_is_refused(
    memory_server: ServerProcess, somebody_else: httpx2.Client, case: Case
) -> None:
    answers = answers_to(memory_server, case.content, with_credential=False)
    assert tuple(answer.status_code for answer in answers) == case.statuses, [answer.text for answer in answers]
    for answer in answers:
        check(answer)
        assert (answer.status_code == 401) == ("www-authenticate" in answer.headers)
    check_undisturbed(somebody_else)


@pytest.mark.parametrize("memory_server", [PROTECTED], ids=["protected"], indirect=True)
def test_a_hostile_request_without_a_credential_is_refused_all_the_same(
    memory_server: ServerProcess, somebody_else: httpx2.Client
) -> None:
    """As it would be with one, or for want of one; what is beside the API needs none."""
    for case in EVERYTHING:
        answers = answers_to(memory_server, case.content, with_credential=False)
        for answer, expected in zip(answers, case.statuses, strict=False):
            assert answer.status_code in {expected, 401}, case.name
            assert answer.status_code != 201
            check(answer)
    check_undisturbed(somebody_else)
    assert somebody_else.get(USERS).json()["items"] == []


def test_hostile_values_meet_every_storage(server: ServerProcess, http: httpx2.Client) -> None:
    """These pass the readers of requests, so what becomes of them is also a matter of the storage."""
    for case in [*VALUES, *FILES]:
        answers = answers_to(server, case.content)
        assert tuple(answer.status_code for answer in answers) == case.statuses, case.name
        for answer in answers:
            check(answer)
        check_undisturbed(http)
