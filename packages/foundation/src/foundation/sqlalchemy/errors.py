"""Driver errors, in the application's words.

Constraints are told apart by name. PostgreSQL reports the name; SQLite reports columns, whose constraint the
mapped tables know.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from psycopg import Error as PsycopgError
from psycopg import InterfaceError as PsycopgInterfaceError
from psycopg import OperationalError as PsycopgOperationalError
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from adapters.sqlalchemy.tables import metadata
from domain.users.errors import EmailAlreadyTaken
from foundation.kernel.errors import (
    ApplicationError,
    CommitOutcomeUnknown,
    DeadlineExceeded,
    DomainError,
    MigrationsPending,
    StorageOverloaded,
    StorageUnavailable,
    WriteConflict,
)
from foundation.sqlalchemy.postgresql.connection import OutcomeUnknown

ERROR_OF_CONSTRAINT: Final[Mapping[str, Callable[[], DomainError | ApplicationError]]] = {
    "uq_users_email": EmailAlreadyTaken,
    # Plain SQL chose an id that the sequence had still before it; the next try gets the next one.
    "pk_users": WriteConflict,
    "pk_idempotency_keys": WriteConflict,
}

# Classes and codes of the PostgreSQL manual, appendix A. Two characters stand for a whole class.
_ERROR_OF_SQLSTATE: Final[Mapping[str, type[ApplicationError]]] = {
    "08": StorageUnavailable,
    "25006": StorageUnavailable,  # a server that became a standby
    "25P03": DeadlineExceeded,  # idle_in_transaction_session_timeout; no COMMIT had come, so nothing was written
    "28": StorageUnavailable,  # refused credentials
    "3D000": StorageUnavailable,  # no such database
    "40001": WriteConflict,
    "40P01": WriteConflict,
    "42703": MigrationsPending,  # no such column
    "42P01": MigrationsPending,  # no such table
    "53": StorageUnavailable,
    "55P03": DeadlineExceeded,  # lock_timeout
    "57014": DeadlineExceeded,  # statement_timeout
    "57P": StorageUnavailable,
    "58": StorageUnavailable,
}

# What libpq says, in part, when it cannot connect, and what the operator is told. Other messages, and those of a
# server that speaks another language, get the general sentence.
_REASONS: Final[Mapping[str, str]] = {
    "password authentication failed": "The database refused the user or the password in DATABASE_URL.",
    "no password supplied": "The database asks for a password, and DATABASE_URL has none.",
    "Connection refused": "No database server answers at the address in DATABASE_URL.",
    "could not translate host name": "The host in DATABASE_URL cannot be found.",
    "failed to resolve host": "The host in DATABASE_URL cannot be found.",
    "does not exist": "The database or the user in DATABASE_URL does not exist.",
    "timeout expired": "The database server at the address in DATABASE_URL does not answer.",
    "too many clients": "The database server has no connection left.",
}

# Result codes of https://www.sqlite.org/rescode.html, by the low byte.
_ERROR_OF_SQLITE_CODE: Final[Mapping[int, type[ApplicationError]]] = {
    5: DeadlineExceeded,  # BUSY: another writer kept the lock longer than the busy timeout
    6: WriteConflict,  # LOCKED
    8: StorageUnavailable,  # READONLY
    10: StorageUnavailable,  # IOERR
    11: StorageUnavailable,  # CORRUPT
    13: StorageUnavailable,  # FULL
    14: StorageUnavailable,  # CANTOPEN
    26: StorageUnavailable,  # NOTADB
}
_SQLITE_REASONS: Final[Mapping[int, str]] = {
    8: "The SQLite database may not be written to.",
    11: "The SQLite database is damaged.",
    13: "There is no room left for the SQLite database.",
    26: "DATABASE_URL names a file that is no SQLite database.",
}
_SQLITE_GENERIC_ERROR: Final = 1
_SQLITE_MISSES: Final = ("no such table", "no such column", "has no column named")
_SQLITE_CONSTRAINT: Final = 19


class StatementRefused(Exception):
    """PostgreSQL refused what the driver sent, for a reason that is a defect here."""


@contextmanager
def translated(*, committing: bool = False) -> Iterator[None]:
    """Turn the errors of SQLAlchemy and of the drivers into those of the ports.

    An error that has no translation is a defect and passes unchanged, or as `StatementRefused`. With `committing`, a
    connection that broke is `CommitOutcomeUnknown`: the server may have committed before it broke.
    """
    try:
        yield
    except StaleDataError as stale:
        raise WriteConflict from stale
    except PoolTimeout as timeout:
        raise StorageOverloaded from timeout
    except DBAPIError as error:
        lost = error.connection_invalidated or isinstance(error, InterfaceError | OperationalError)
        translation = _translate(error.orig, lost=lost)
        if translation is None:
            raise
        if committing and isinstance(translation, StorageUnavailable) and error.connection_invalidated:
            raise CommitOutcomeUnknown from error
        raise translation from error
    except PsycopgError as error:  # of those that speak to the driver itself
        lost = isinstance(error, PsycopgInterfaceError | PsycopgOperationalError)
        translation = _translate(error, lost=lost)
        if isinstance(error, OutcomeUnknown) and isinstance(translation, StorageUnavailable | None):
            raise CommitOutcomeUnknown from error
        if translation is None:
            # The message would quote the row.
            raise StatementRefused(f"a statement failed with SQLSTATE {error.sqlstate}") from None
        raise translation from error


def _translate(original: BaseException | None, *, lost: bool) -> Exception | None:
    if isinstance(original, sqlite3.Error):
        return _translate_sqlite(getattr(original, "sqlite_errorcode", 0), str(original))
    constraint = getattr(getattr(original, "diag", None), "constraint_name", None) or ""
    if constraint in ERROR_OF_CONSTRAINT:
        return ERROR_OF_CONSTRAINT[constraint]()
    sqlstate: str | None = getattr(original, "sqlstate", None)
    if sqlstate is None:
        # libpq reports a server that cannot be reached, or that went away, without any code.
        return _unreachable(str(original)) if lost else None
    kind = next((kind for code, kind in _ERROR_OF_SQLSTATE.items() if sqlstate.startswith(code)), None)
    return kind() if kind is not None else None


def _unreachable(message: str) -> StorageUnavailable:
    """Why there is no connection, as far as libpq's message tells; the message itself names users and hosts."""
    return StorageUnavailable(next((said for part, said in _REASONS.items() if part in message), None))


def _translate_sqlite(code: int, message: str) -> Exception | None:
    primary = code & 0xFF
    if primary == _SQLITE_CONSTRAINT:
        columns = message.rpartition("failed: ")[2]
        constraint = _constraint_of_columns().get(columns, "")
        return ERROR_OF_CONSTRAINT[constraint]() if constraint in ERROR_OF_CONSTRAINT else None
    if primary == _SQLITE_GENERIC_ERROR and any(words in message for words in _SQLITE_MISSES):
        return MigrationsPending()
    kind = _ERROR_OF_SQLITE_CODE.get(primary)
    return kind(_SQLITE_REASONS.get(primary)) if kind is not None else None


def _constraint_of_columns() -> dict[str, str]:
    """The names of unique constraints by the columns as SQLite lists them: `users.email, users.name`."""
    return {
        ", ".join(f"{table.name}.{column.name}" for column in constraint.columns): str(constraint.name)
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint)
    }
