"""Lists of users, and where they were read."""

import time
from uuid import uuid4

import httpx2

from entrypoints.cli.schema_project import schema_project
from faults.standby import StreamingPair
from schema_tools.migrations import runner

USERS = "/api/v1/users"
LEFT = "lists and exports are read from the primary"
RETURNED = "lists and exports are read from the replica again"
# Seconds: the deadline of requests here, half of which a read may spend on the standby, and what a busy machine adds.
DEADLINE = 4.0
LATE = 1.5


def migrated(pair: StreamingPair, port: int) -> tuple[str, str]:
    url = pair.primary.create_database(f"test_{uuid4().hex}")
    own = url.render_as_string(hide_password=False)
    runner.upgrade(schema_project(), own)
    pair.catch_up()
    return own, url.set(port=port).render_as_string(hide_password=False)


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


def listed(http: httpx2.Client) -> list[str]:
    """The addresses of the newest users, by a list that was answered well inside the deadline."""
    began = time.monotonic()
    answer = http.get(USERS, params={"sort": "-id", "limit": 5})
    assert (answer.status_code, time.monotonic() - began < DEADLINE / 2 + LATE) == (200, True)
    return [one["email"] for one in answer.json()["items"]]
