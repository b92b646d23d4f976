"""Making and dropping databases on a PostgreSQL server that is running."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql
from sqlalchemy import URL

from schema_tools.database_urls import shown, without_secrets
from schema_tools.errors import SchemaToolsError
from schema_tools.libpq_environment import connecting


@dataclass(frozen=True, slots=True)
class RunningPostgres:
    """A running server: `admin` is the URL of a database of it, for a role that may create databases."""

    admin: URL
    version: tuple[int, ...]

    @classmethod
    def at(cls, admin: URL) -> Self:
        """The server of the database at `admin`, which is asked for its version.

        Raises:
            SchemaToolsError: It cannot be reached.
        """
        with _administration(admin) as connection:
            number = connection.info.server_version  # 150013 is 15.13
        return cls(admin, (number // 10000, number % 10000))

    @property
    def major(self) -> int:
        """The release, such as 15."""
        return self.version[0]

    def url(self, database: str) -> URL:
        """The URL of a database of this server, with the scheme `postgresql+psycopg`."""
        return self.admin.set(database=database)

    def create_database(self, name: str, template: str | None = None) -> URL:
        """Make a database, as a copy of `template` if one is given, and return its URL.

        A copy of a database with a few tables takes about 40 ms; the template must have no open connection.

        Raises:
            SchemaToolsError: The server cannot be reached, or refuses.
        """
        # The other strategy writes every page of the copy into the log, which takes twice as long.
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        names = sql.Identifier(name), sql.Identifier(template or "template0")
        with _administration(self.admin) as connection:
            connection.execute(statement.format(*names))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, closing every connection to it.

        Raises:
            SchemaToolsError: The server cannot be reached, or refuses.
        """
        with _administration(self.admin) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def data_directory(admin: URL) -> Path:
    """Where the server at `admin` keeps its data.

    Raises:
        SchemaToolsError: It cannot be reached.
    """
    with _administration(admin) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    return Path(str(row[0])) if row else Path()


@contextmanager
def _administration(admin: URL) -> Iterator[psycopg.Connection]:
    """A connection on which each statement is a transaction, as CREATE DATABASE demands."""
    conninfo = admin.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with connecting(admin.port):
            opened = psycopg.connect(conninfo, autocommit=True, connect_timeout=10, options="")
        with opened as connection:
            yield connection
    except psycopg.Error as error:
        raise SchemaToolsError(f"cannot work on {shown(admin)}: {without_secrets(str(error), admin)}") from None
