"""Lists and exports on a standby: as new as the primary's, and the primary's where the standby has none."""

from collections.abc import Iterator
from uuid import uuid4

import httpx2
import pytest

from e2e.answers import create
from e2e.processes import ServerProcess, eventually
from e2e.relay import Relay, relay
from entrypoints.cli.schema_project import schema_project
from faults.standby import StreamingPair, streaming_pair
from schema_tools.migrations import runner

USERS = "/api/v1/users"
LEFT = "lists and exports are read from the primary"
RETURNED = "lists and exports are read from the replica again"
# Seconds: the deadline of requests here, half of which a read may spend on the standby, and what a busy machine adds.
DEADLINE = 4.0
LATE = 1.5


@pytest.fixture(scope="module")
def pair() -> Iterator[StreamingPair]:
    with streaming_pair() as running:
        yield running


@pytest.fixture(scope="module")
def between(pair: StreamingPair) -> Iterator[Relay]:
    """The network between the service and the standby."""
    with relay(("127.0.0.1", int(pair.standby.admin.port or 0))) as network:
        network.plug_in()
        yield network


@pytest.fixture(scope="module")
def urls(pair: StreamingPair, between: Relay) -> tuple[str, str]:
    """A database at head: on the primary, and on the standby."""
    return migrated(pair, between.port)


def migrated(pair: StreamingPair, port: int) -> tuple[str, str]:
    url = pair.primary.create_database(f"test_{uuid4().hex}")
    own = url.render_as_string(hide_password=False)
    runner.upgrade(schema_project(), own)
    pair.catch_up()
    return own, url.set(port=port).render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def server(urls: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {"DATABASE_URL": urls[0], "DATABASE_READ_URL": urls[1], "REQUEST_TIMEOUT": str(DEADLINE)}
    with ServerProcess(tmp_path_factory.mktemp("replicas"), **settings) as running:
        yield running


@pytest.fixture
def http(server: ServerProcess, pair: StreamingPair) -> Iterator[httpx2.Client]:
    """A client of the service, which reads on the standby."""
    with server.client() as client:
        pair.catch_up()
        eventually("lists are read on the standby", lambda: reads_of_a_list(client, pair) == (0, 1))
        yield client


def reads_of_a_list(http: httpx2.Client, pair: StreamingPair) -> tuple[int, int]:
    """How often a list reads the users, on the primary and on the standby."""
    return reads_of(http, pair, USERS)


def reads_of(http: httpx2.Client, pair: StreamingPair, path: str, **headers: str) -> tuple[int, int]:
    before = pair.reads()
    answer = http.get(path, headers=headers)
    assert answer.status_code in {200, 304}
    after = pair.reads()
    return after[0] - before[0], after[1] - before[1]


def unique() -> str:
    return f"{uuid4().hex}@example.com"


def test_lists_and_exports_are_read_on_the_standby(http: httpx2.Client, pair: StreamingPair) -> None:
    create(http, unique())
    pair.catch_up()
    assert reads_of(http, pair, f"{USERS}?limit=1&sort=-created_at") == (0, 1)
    assert reads_of(http, pair, USERS, Prefer="count=exact") == (0, 2)
    assert reads_of(http, pair, f"{USERS}/export") == (0, 1)


def test_one_user_is_read_on_the_primary(http: httpx2.Client, pair: StreamingPair) -> None:
    user = create(http, unique())
    pair.catch_up()
    path = f"{USERS}/{user['id']}"
    assert reads_of(http, pair, path) == (1, 0)
    tag = http.get(path).headers["etag"]
    assert reads_of(http, pair, path, **{"If-None-Match": tag}) == (1, 0)
