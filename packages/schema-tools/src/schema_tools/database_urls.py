"""Database URLs: read, turned to the synchronous drivers that migrations run on, and shown without secrets."""

import re
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from schema_tools.errors import SchemaToolsError

# A project may have another driver, which need not be installed: its database is read with ours, and synchronously.
_SYNCHRONOUS: Final = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+asyncpg": "postgresql+psycopg",
    "postgresql+pg8000": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "postgresql+psycopg2": "postgresql+psycopg",
    "postgresql+psycopg2cffi": "postgresql+psycopg",
    "postgresql+psycopg_async": "postgresql+psycopg",
    "sqlite": "sqlite",
    "sqlite+aiosqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
}

# What asyncpg takes from a URL: https://docs.sqlalchemy.org/en/21/dialects/postgresql.html#module-sqlalchemy.dialects.postgresql.asyncpg
_OF_ASYNCPG: Final = ("prepared_statement_cache_size", "prepared_statement_name_func", "statement_cache_size")

# libpq takes these as connection parameters too:
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_SECRET_PARAMETERS: Final = frozenset({"password", "sslpassword", "oauth_client_secret"})


def migration_url(url: str | URL) -> URL:
    """The URL that migrations of the database at `url` run on.

    Raises:
        SchemaToolsError: It is no database URL, holds what none may, names a database that has no migrations here,
            or a SQLite database in memory, which would be gone at the end.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # What was given is not repeated: it may hold a password in the wrong place.
        raise SchemaToolsError(
            "the database URL cannot be read; it looks like postgresql+psycopg://login:password@host:5432/name"
            " or sqlite+aiosqlite:///path/to/file.db"
        ) from None
    if parsed.drivername not in _SYNCHRONOUS:
        raise SchemaToolsError(
            f"migrations run on postgresql+psycopg:// and sqlite+aiosqlite://, not on {parsed.drivername}://"
        )
    if "@" in (parsed.host or ""):
        # What is before it is the end of the password, and would be printed with the host.
        raise SchemaToolsError("the database URL has an @ in its password: write it as %40")
    if parsed.drivername == "postgresql+asyncpg":
        parsed = _as_libpq_has_it(parsed)
    parsed = parsed.set(drivername=_SYNCHRONOUS[parsed.drivername])
    if "%00" in parsed.render_as_string(hide_password=False):
        # libpq reads as far as that, and would connect to another database, or to another server.
        raise SchemaToolsError("the database URL holds %00, a zero byte, which no part of it may")
    try:
        parsed.get_dialect()().create_connect_args(parsed)
    except (ArgumentError, TypeError, ValueError):
        raise SchemaToolsError("the database URL cannot be read: a parameter behind its ? has a wrong value") from None
    if parsed.drivername == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise SchemaToolsError("a SQLite database in memory is gone when its migration ends; name a file")
    return parsed


def _as_libpq_has_it(url: URL) -> URL:
    """A URL of asyncpg, whose `ssl` is libpq's `sslmode`, without what concerns that driver alone."""
    ssl = url.query.get("ssl")
    url = url.difference_update_query(("ssl", *_OF_ASYNCPG))
    if not isinstance(ssl, str):
        return url
    return url.update_query_dict({"sslmode": "require" if ssl.lower() == "true" else ssl})


def shown(url: URL) -> str:
    """`url` as it may be printed: its password is `***`, and parameters that hold secrets are left out."""
    return url.difference_update_query(_SECRET_PARAMETERS).render_as_string(hide_password=True)


def without_secrets(message: str, url: URL | None) -> str:
    """`message` in one line, with every secret of `url` in it replaced by `***`.

    Only as a word of its own, and not where it is the same as what is shown anyway, such as the name of the role: what
    is masked there would tell it.
    """
    secrets = [url.password, *(url.query.get(name) for name in _SECRET_PARAMETERS)] if url else []
    told = {url.username, url.host, url.database, *re.split(r"\W+", shown(url))} if url else set()
    for secret in secrets:
        for text in (secret,) if isinstance(secret, str) else (secret or ()):
            if text and text not in told:
                message = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", "***", message)
    return " ".join(message.split())


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite URL, which need not exist, or None for a server's.

    Raises:
        SchemaToolsError: Its directory does not exist.
    """
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    file = Path(url.database)
    if not file.parent.is_dir():
        raise SchemaToolsError(f"the directory {file.parent} does not exist")
    return file
