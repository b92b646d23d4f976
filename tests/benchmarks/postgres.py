"""The PostgreSQL server of the benchmark, and the databases on it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import psycopg

from benchmarks import machine
from benchmarks.errors import BenchmarkFailed
from benchmarks.users import fill_postgresql
from entrypoints.cli.schema_project import schema_project
from schema_tools.errors import SchemaToolsError
from schema_tools.migrations import runner
from schema_tools.postgres.binaries import preferred_installation
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.postgres.server import PostgresServer

_BYTES_PER_ROW: Final = 500  # with indexes, and what is written ahead
_BYTES_AT_LEAST: Final = 1 << 30
_MAX_SHARED_BUFFERS: Final = 1 << 30
_SHARED_PART: Final = 8  # of the memory; the manual advises a quarter of it where nothing else runs


class Databases:
    """Databases on a server that is as durable as production's; `pid` is what all its processes descend from."""

    def __init__(self, running: RunningPostgres, pid: int) -> None:
        self._running = running
        self.pid = pid
        self.version = ".".join(map(str, running.version))

    def filled(self, name: str, rows: int) -> str:
        """The DATABASE_URL of a new database with the project's schema and so many users."""
        url = self._running.create_database(name).set(drivername="postgresql+psycopg")
        text = url.render_as_string(hide_password=False)
        runner.upgrade(schema_project(), text)
        fill_postgresql(dsn(text), rows)
        return text


@contextmanager
def databases(cores: frozenset[int], rows: int) -> Iterator[Databases]:
    """A server on these cores, with room for so many users in all.

    Raises:
        BenchmarkFailed: There is no room, or no server.
    """
    directory = Path(tempfile.gettempdir())
    needed = _BYTES_AT_LEAST + rows * _BYTES_PER_ROW
    if shutil.disk_usage(directory).free < needed:
        raise BenchmarkFailed(
            f"{directory} has not the {needed / 1e9:.0f} GB free that are needed; name another in TMPDIR"
        )
    shared = min(_MAX_SHARED_BUFFERS, machine.memory_bytes() // _SHARED_PART)
    settings = {"shared_buffers": f"{shared >> 20}MB", "max_wal_size": "4GB"}
    with ExitStack() as until_the_end:
        try:
            server = PostgresServer(preferred_installation(), durable=True, settings=settings)
            with machine.pinned(cores):
                running = until_the_end.enter_context(server)
        except SchemaToolsError as error:
            raise BenchmarkFailed(str(error)) from None
        assert server.pid
        yield Databases(running, server.pid)


def dsn(url: str) -> str:
    """What libpq calls the database at a DATABASE_URL."""
    return url.replace("+psycopg", "")


def settle(url: str) -> None:
    """Let the database do now what it would do some time later, in the middle of a measurement."""
    with psycopg.connect(dsn(url), autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) users")
        connection.execute("CHECKPOINT")
