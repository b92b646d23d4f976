"""Driver errors, in the application's words.

Constraints are told apart by name. PostgreSQL reports the name; SQLite reports columns, whose constraint the tables
know.
"""

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, TypeAlias

from psycopg import DataError as PsycopgDataError
from psycopg import Error as PsycopgError
from psycopg import InterfaceError as PsycopgInterfaceError
from psycopg import OperationalError as PsycopgOperationalError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from foundation.kernel import errors
from foundation.kernel.deadline import seconds_left
from foundation.sqlalchemy.constraints import Constraint, ForeignKeyViolated
from foundation.sqlalchemy.postgresql.connection import ConnectionLost, OutcomeUnknown
from foundation.sqlalchemy.sqlite.connection import NotAnswered

# Classes and codes of the PostgreSQL manual, appendix A. Two characters stand for a whole class.
_ERROR_OF_SQLSTATE: Final[Mapping[str, type[errors.ApplicationError]]] = {
    "08": errors.StorageUnavailable,
    "25006": errors.StorageUnavailable,  # a server that became a standby
    "2200H": errors.StorageUnavailable,  # a sequence that is used up
    "25P03": errors.DeadlineExceeded,  # idle_in_transaction_session_timeout; no COMMIT had come, so nothing was written
    "28": errors.StorageUnavailable,  # refused credentials
    "3D000": errors.StorageUnavailable,  # no such database
    "40001": errors.WriteConflict,
    "40P01": errors.WriteConflict,
    "42703": errors.MigrationsPending,  # no such column
    "42P01": errors.MigrationsPending,  # no such table
    "53": errors.StorageUnavailable,
    "55P03": errors.DeadlineExceeded,  # lock_timeout
    "57014": errors.DeadlineExceeded,  # statement_timeout
    "57P": errors.StorageUnavailable,
    "58": errors.StorageUnavailable,
}

# What libpq says, in part, when it cannot connect, and what the operator is told. Other messages, and those of a
# server that speaks another language, get the general sentence.
_REASONS: Final[Mapping[str, str]] = {
    "password authentication failed": "The database refused the role or the password in DATABASE_URL.",
    "no password supplied": "The database asks for a password, and DATABASE_URL has none.",
    "Connection refused": "No database server answers at the address in DATABASE_URL.",
    "could not translate host name": "The host in DATABASE_URL cannot be found.",
    "failed to resolve host": "The host in DATABASE_URL cannot be found.",
    "timeout expired": "The database server at the address in DATABASE_URL does not answer.",
    "no pg_hba.conf entry": "No rule in the server's pg_hba.conf admits the role from here, or not without TLS.",
    "pg_hba.conf rejects": "A rule in pg_hba.conf of the database server refuses the role from here.",
    "does not support SSL": "The database server offers no TLS, which sslmode in DATABASE_URL asks for.",
    "certificate verify failed": (
        "The certificate of the database server is not signed by an authority in sslrootcert, or has expired."
    ),
    "root certificate file": "The certificates that sslmode in DATABASE_URL needs are not there: see sslrootcert.",
    "server certificate for": "The certificate of the database server is for another host than DATABASE_URL names.",
    "does not exist": "The database or the role in DATABASE_URL does not exist.",
    "permission denied for database": "The role in DATABASE_URL lacks the privilege CONNECT on the database: grant it.",
    "is not permitted to log in": "The role in DATABASE_URL may not log in: it needs the attribute LOGIN.",
    "too many connections for role": "The role in DATABASE_URL has no connection left: see its CONNECTION LIMIT.",
    "too many connections for database": "The database in DATABASE_URL has no slot left: see its CONNECTION LIMIT.",
    "not currently accepting connections": "The database in DATABASE_URL takes no connections: see ALLOW_CONNECTIONS.",
    "remaining connection slots": "The database server has no connection left.",
    "too many clients": "The database server has no connection left.",
    "unsupported startup parameter": "A pooler answers at DATABASE_URL: set DATABASE_POOLER=transaction.",
    "pgbouncer cannot connect to server": "The pooler in DATABASE_URL cannot connect to the database server.",
    "server login has been failing": "The database server refuses the pooler in DATABASE_URL, whose log says why.",
    "no more connections allowed": "The pooler in DATABASE_URL has no connection left (max_client_conn).",
}

_REASON_OF_SQLSTATE: Final[Mapping[str, str]] = {
    "2200H": "The sequence that gives new rows their ids is used up: see `fastapi-service db audit`.",
}

# Result codes of https://www.sqlite.org/rescode.html, by the low byte, or whole where that says more.
_ERROR_OF_SQLITE_CODE: Final[Mapping[int, type[errors.ApplicationError]]] = {
    261: errors.WriteConflict,  # BUSY_RECOVERY: at once, without waiting
    517: errors.WriteConflict,  # BUSY_SNAPSHOT
    5: errors.DeadlineExceeded,  # BUSY: another writer kept the lock longer than the busy timeout
    6: errors.WriteConflict,  # LOCKED
    8: errors.StorageUnavailable,  # READONLY
    10: errors.StorageUnavailable,  # IOERR
    11: errors.StorageUnavailable,  # CORRUPT
    13: errors.StorageUnavailable,  # FULL
    14: errors.StorageUnavailable,  # CANTOPEN
    26: errors.StorageUnavailable,  # NOTADB
}
_SQLITE_REASONS: Final[Mapping[int, str]] = {
    8: "The SQLite database may not be written to.",
    11: "The SQLite database is damaged.",
    13: "There is no room left for the SQLite database, or in the directory for temporary files.",
    14: "The file of the SQLite database, or its directory, cannot be opened: see who may.",
    26: "DATABASE_URL names a file that is no SQLite database.",
}
_SQLITE_GENERIC_ERROR: Final = 1
_SQLITE_MISSES: Final = ("no such table", "no such column", "has no column named")
_SQLITE_CONSTRAINT: Final = 19
_SQLITE_UNDECODABLE: Final = "Could not decode to UTF-8"

# What psycopg says of a time that no `datetime` can be.
_OUT_OF_RANGE: Final = re.compile("too (large|small)")

# Of prepared statements (PostgreSQL manual, appendix A): what is wrong where a new connection gives the same.
_KEEPS_NONE: Final = (
    "A pooler keeps no prepared statements: set DATABASE_PREPARED_STATEMENTS=false, or max_prepared_statements of"
    " pgbouncer 1.21 or newer."
)
_STALE_STATEMENTS: Final[Mapping[str, str | None]] = {"26000": _KEEPS_NONE, "42P05": _KEEPS_NONE, "0A000": None}

_INSUFFICIENT_PRIVILEGE: Final = "42501"

Violated: TypeAlias = Callable[[str], Exception | None]


class StatementRefused(Exception):
    """PostgreSQL refused what the driver sent, for a reason that is a defect here."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__(f"a statement failed with SQLSTATE {sqlstate}")
        self.sqlstate = sqlstate


class Translation:
    """Turns the errors of SQLAlchemy and of the drivers into those of the ports.

    A context manager without state, for any number of tasks at once. `violated` makes the error of a constraint, by its
    name. An error that has no translation is a defect and passes unchanged, or as `StatementRefused`. When
    `committing`, a lost connection is `CommitOutcomeUnknown`: the server may have committed before.
    """

    __slots__ = ("_columns", "_committing", "_violated")

    def __init__(self, violated: Violated, columns: Mapping[str, str], *, committing: bool = False) -> None:
        self._violated = violated
        self._columns = columns
        self._committing = committing

    def __enter__(self) -> None:
        """Nothing is to be done before."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Raise the translation of the error, if it has one."""
        if isinstance(error, Exception):
            self._raise(error)

    def _raise(self, error: Exception) -> None:
        translation: Exception | None = None
        if isinstance(error, PoolTimeout | ForeignKeyViolated | sqlite3.Error):
            translation = self._translate_own(error)
        elif isinstance(error, DBAPIError):
            lost = error.connection_invalidated or isinstance(error, InterfaceError | OperationalError)
            translation = self._translate(error.orig, lost=lost)
            if self._committing and isinstance(translation, errors.StorageUnavailable) and error.connection_invalidated:
                translation = errors.CommitOutcomeUnknown()
        elif isinstance(error, PsycopgError):  # of what is sent to the driver itself
            lost = isinstance(error, PsycopgInterfaceError | PsycopgOperationalError)
            translation = self._translate(error, lost=lost)
            if isinstance(error, OutcomeUnknown) and isinstance(translation, errors.StorageUnavailable | None):
                translation = errors.CommitOutcomeUnknown()
            if translation is None:
                # The message would quote the row.
                raise StatementRefused(error.sqlstate) from None
        if type(translation) is errors.StorageUnavailable and seconds_left() <= 0:
            translation = errors.DeadlineExceeded()  # the connection was ended on our side
        if translation is not None:
            raise translation from error

    def _translate_own(self, error: PoolTimeout | ForeignKeyViolated | sqlite3.Error) -> Exception | None:
        """Of the pool, of us, and of what is sent to SQLite's driver itself."""
        if isinstance(error, PoolTimeout):
            return errors.StorageOverloaded()
        if isinstance(error, ForeignKeyViolated):
            return self._violated(error.constraint)
        if self._committing and isinstance(error, NotAnswered):
            return errors.CommitOutcomeUnknown()
        return self._translate_sqlite(error)

    def _translate(self, original: BaseException | None, *, lost: bool) -> Exception | None:
        if isinstance(original, sqlite3.Error):
            return self._translate_sqlite(original)
        constraint = getattr(getattr(original, "diag", None), "constraint_name", None)
        if constraint and (violated := self._violated(constraint)):
            return violated
        sqlstate: str | None = getattr(original, "sqlstate", None)
        if sqlstate is None:
            return _without_code(original, lost=lost)
        if isinstance(original, ConnectionLost) and sqlstate in _STALE_STATEMENTS:
            return errors.StorageUnavailable(_STALE_STATEMENTS[sqlstate])
        if sqlstate == _INSUFFICIENT_PRIVILEGE:
            return _unprivileged(original)
        kind = next((kind for code, kind in _ERROR_OF_SQLSTATE.items() if sqlstate.startswith(code)), None)
        return kind(_REASON_OF_SQLSTATE.get(sqlstate)) if kind is not None else None

    def _translate_sqlite(self, error: sqlite3.Error) -> Exception | None:
        if isinstance(error, NotAnswered):
            return errors.StorageUnavailable("The disk of the SQLite database does not answer.")
        code, message = getattr(error, "sqlite_errorcode", 0), str(error)
        primary = code & 0xFF
        if primary == _SQLITE_CONSTRAINT:
            return self._violated(self._columns.get(message.rpartition("failed: ")[2], ""))
        if primary == _SQLITE_GENERIC_ERROR and any(words in message for words in _SQLITE_MISSES):
            return errors.MigrationsPending()
        if message.startswith(_SQLITE_UNDECODABLE):
            return errors.UnreadableValue()
        kind = _ERROR_OF_SQLITE_CODE.get(code) or _ERROR_OF_SQLITE_CODE.get(primary)
        return kind(_SQLITE_REASONS.get(primary)) if kind is not None else None


def _without_code(original: BaseException | None, *, lost: bool) -> errors.StorageUnavailable | None:
    """What psycopg says itself, and libpq of a server that cannot be reached, or that went away."""
    if isinstance(original, PsycopgDataError) and _OUT_OF_RANGE.search(str(original)):
        return errors.UnreadableValue()
    return _unreachable(str(original)) if lost else None


def _unreachable(message: str) -> errors.StorageUnavailable:
    """Why there is no connection, as far as libpq's message tells; the message itself names roles and hosts."""
    return errors.StorageUnavailable(next((said for part, said in _REASONS.items() if part in message), None))


def _unprivileged(original: BaseException | None) -> errors.StorageUnavailable:
    said = getattr(getattr(original, "diag", None), "message_primary", None) or "permission denied"
    return errors.StorageUnavailable(f"The role in DATABASE_URL lacks a privilege ({said}): grant it.")


@dataclass(frozen=True, slots=True, eq=False)
class DatabaseErrors:
    """The errors of one database, whose constraints are known.

    `constraints` has them by name; `columns` has the names by the columns as SQLite lists them.
    """

    constraints: Mapping[str, Constraint]
    columns: Mapping[str, str]
    translated: Translation
    committing: Translation
    removing: Translation

    @classmethod
    def of(cls, constraints: Mapping[str, Constraint]) -> "DatabaseErrors":
        """Those of a database with these constraints."""
        columns = {", ".join(map(str, one.columns)): name for name, one in constraints.items() if one.unique}

        def violated(name: str) -> Exception | None:
            return constraints[name].violated() if name in constraints else None

        def in_use(name: str) -> Exception | None:
            return constraints[name].violated(removing=True) if name in constraints else None

        return cls(
            constraints,
            columns,
            translated=Translation(violated, columns),
            committing=Translation(violated, columns, committing=True),
            removing=Translation(in_use, columns),
        )

    def adding(self, entity: Any) -> Translation:
        """As `translated`, with the values of the entity in the errors of violated constraints."""
        return Translation(
            lambda name: self.constraints[name].violated(entity) if name in self.constraints else None, self.columns
        )


NO_CONSTRAINTS: Final = DatabaseErrors.of({})
"""The errors of statements that can violate no constraint."""
