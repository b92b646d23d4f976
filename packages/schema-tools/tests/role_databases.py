"""The three roles on a database of a test, made by the script that the command prints, and dropped afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import make_url

from schema_tools.roles.names import RoleNames


@dataclass(frozen=True)
class RoleDatabase:
    """A database with three roles, and the URL of each."""

    names: RoleNames
    migrator: str
    application: str
    reader: str


def new_names() -> RoleNames:
    """Names that no other test has; each has to be quoted, and breaks out of what does not quote it."""
    mark = uuid4().hex[:12]
    return RoleNames.of("", migrator=f'm"{mark}$roles$', application=f"app'{mark}%I", reader=f"Reader-{mark}")


def execute(url: str, *statements: str) -> None:
    """Run each statement in a transaction of its own, as `psql` would; a script is one of them."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def plain(url: str) -> str:
    """The URL as libpq has it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def three_roles(url: str, script: str, names: RoleNames) -> Iterator[RoleDatabase]:
    """The database at `url`, in which `script` has made the roles; each is then given a password."""
    password = uuid4().hex
    try:
        execute(url, script)
        with psycopg.connect(plain(url), autocommit=True) as admin:
            for name in astuple(names):
                admin.execute(SQL("ALTER ROLE {} PASSWORD {}").format(Identifier(name), Literal(password)))
        own = make_url(url).set(password=password)
        urls = [own.set(username=name).render_as_string(hide_password=False) for name in astuple(names)]
        yield RoleDatabase(names, *urls)
    finally:
        drop(url, *astuple(names))


def drop(url: str, *names: str) -> None:
    """Drop roles, and what they own in the database at `url`."""
    with psycopg.connect(plain(url), autocommit=True) as admin:
        for name in names:
            if admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone():
                admin.execute(SQL("DROP OWNED BY {} CASCADE").format(Identifier(name)))
                admin.execute(SQL("DROP ROLE {}").format(Identifier(name)))
