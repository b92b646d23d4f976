"""A service behind a pooler, and what the tests of it have in common."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx2
import psycopg
from sqlalchemy import make_url

from e2e.processes import ServerProcess
from e2e.relay import Relay, relay
from faults.poolers.pgbouncer import PgBouncer

USERS = "/api/v1/users"
# Seconds that an answer may take beyond its limit on a slow machine.
LATE = 3.0
LIMITS = {"REQUEST_TIMEOUT": "3", "DATABASE_LOCK_TIMEOUT": "0.5", "DATABASE_STATEMENT_TIMEOUT": "1"}
# What a database may set for its sessions, which the service does not depend on.
ODD_SETTINGS = {"timezone": "'Asia/Kolkata'", "datestyle": "'SQL, DMY'", "bytea_output": "escape"}
LEAKABLE = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", *ODD_SETTINGS)


@dataclass(frozen=True)
class Pooled:
    """A service, the pooler before its database, the URL of the database itself, and the network between the two."""

    server: ServerProcess
    pooler: PgBouncer
    database: str
    network: Relay

    @property
    def through(self) -> str:
        """What another client of the same pooler connects to."""
        return plain(self.pooler.url)


class Network(NamedTuple):
    """A network, and the URL of what is at the other end of it."""

    url: str
    between: Relay


@contextmanager
def network_before(url: str) -> Iterator[Network]:
    """A network between here and the database at `url`."""
    address = make_url(url)
    with relay((str(address.host), address.port or 5432)) as between:
        between.plug_in()
        yield Network(address.set(host="127.0.0.1", port=between.port).render_as_string(hide_password=False), between)


def plain(url: str) -> str:
    """The URL as psycopg takes it."""
    return url.replace("+psycopg", "")


def timed(call: Any) -> tuple[httpx2.Response, float]:
    """The answer, and how many seconds it took."""
    began = time.monotonic()
    return call(), time.monotonic() - began


@contextmanager
def locked(url: str, table: str = "users") -> Iterator[None]:
    """Inside, nothing else can use the table."""
    with psycopg.connect(plain(url)) as holder:
        holder.execute(f"LOCK TABLE {table}")
        yield
