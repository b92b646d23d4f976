"""Failures of migrations in one sentence each, for the person who asked, never with a secret."""

import re
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic.util import CommandError
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from schema_tools.database_urls import shown, without_secrets
from schema_tools.errors import SchemaToolsError
from schema_tools.poolers import A_POOLER, is_refusal_of_pooler
from schema_tools.versions import Versions

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_INTEGRITY: Final = "23"
_DATA: Final = "22"
# What helps where the message of the server does not say it.
_ADVICE: Final = {
    "25006": "it is a standby, or default_transaction_read_only is on for the role or the database: name the primary,"
    " or turn that off",
    "3F000": "the search_path of the role or the database must name a schema that exists, as in ALTER ROLE name SET"
    " search_path = public",
    "22021": "a text that is stored there is not valid in UTF-8: correct it, or restore a dump into a database with"
    " ENCODING 'UTF8'",
}
_UNTRANSLATABLE: Final = "22P05"
_NEEDS_UNICODE: Final = (
    "the encoding of the database lacks a character that is needed; restore a dump into a database that has it, as in"
    " CREATE DATABASE name TEMPLATE template0 ENCODING 'UTF8'"
)
# Where the server's messages are in another language, its quotation marks may be, too.
_QUOTED: Final = re.compile('["«»„“”].*["«»„“”]', re.DOTALL)


@contextmanager
def explained(
    url: URL | None,
    versions: Versions | None = None,
    aftermath: Callable[[], str] = lambda: "left the schema as it was",
) -> Iterator[None]:
    """Turn what fails inside, while working on the database at `url`, to a `SchemaToolsError`.

    Args:
        url: The database, or None where only the revisions are read.
        versions: Where the revisions are, so that a failing one is named with file and line.
        aftermath: Gives what a failed revision left behind, to follow `failed and`.

    Raises:
        SchemaToolsError: Something failed inside that concerns the database, a file or a revision. Any other error,
            a mistake of the tools themselves, passes unchanged.
    """
    try:
        yield
    except SchemaToolsError:
        raise
    except CommandError as error:
        unknown = re.search(r"Can't locate revision identified by '([^']*)'", str(error))
        message = f"revision {unknown[1]} is not among the migrations of this release" if unknown else str(error)
        raise SchemaToolsError(without_secrets(message, url)) from error
    except Exception as raised:
        first: BaseException = raised
        # What went wrong first, an interruption for instance, where leaving Alembic's `autocommit_block` then failed.
        while isinstance(first, PendingRollbackError) and first.__context__ is not None:
            first = first.__context__
        place = place_in_revision(first, versions) if versions else None
        driver = driver_error(first)
        # A host's name that is none is a UnicodeError.
        if place is None and driver is None and not isinstance(first, OSError | UnicodeError):
            raise
        what = _driver_says(driver) if driver else f"{type(first).__name__}: {first}"
        if isinstance(first, KeyboardInterrupt):
            what = "it was interrupted"
        if place is not None:
            sentence = f"{place} failed and {aftermath()}: {what}"
        else:
            sentence = f"cannot work on {shown(url) if url else 'the migrations'}: {what}"
        raise SchemaToolsError(without_secrets(sentence, url)) from None


def defect(error: Exception) -> str:
    """What a command line says of an error that was not expected: its kind and its place, and no value."""
    frames = traceback.extract_tb(error.__traceback__)
    library = sysconfig.get_path("stdlib")
    ours = (one for one in frames if not one.filename.startswith(library) and "site-packages" not in one.filename)
    own = list(ours) or frames
    place = f" at {own[-1].filename}:{own[-1].lineno}" if own else ""
    return f"a defect: {type(error).__name__}{place}. With PYTHONDEVMODE=1 the same command shows the traceback."


def driver_error(error: BaseException) -> BaseException | None:
    """The driver's own error in `error`, or None when it is of another kind.

    What a listener of SQLAlchemy's events executes on the driver's connection fails without being wrapped.
    """
    if isinstance(error, DBAPIError):
        return error.orig
    return error if hasattr(error, "sqlstate") else None


def _driver_says(error: BaseException) -> str:
    """The driver's message, without the statement, libpq's preamble and advice, and the values of rows."""
    message = str(error).partition("\n\tIs the server running")[0]
    if is_refusal_of_pooler(message):
        return A_POOLER
    state = str(getattr(error, "sqlstate", ""))
    if state == _UNTRANSLATABLE and "0x" in message:  # not an escape such as \u0000
        return _NEEDS_UNICODE
    if state.startswith((_INTEGRITY, _DATA)):
        message = _first_sentence(error, message)  # What follows quotes the values of a row.
    if state.startswith(_DATA):
        message = _QUOTED.sub('"..."', message)
    fatal = message.rpartition("FATAL:")[2] if "FATAL:" in message else message
    advice = f"; {_ADVICE[state]}" if state in _ADVICE else ""
    return fatal.strip().removeprefix("connection failed: ") + advice


def _first_sentence(error: BaseException, message: str) -> str:
    """The message without its details, in whatever language the server writes their headings."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    return str(primary or re.split(r"\n(?:DETAIL|CONTEXT):", message, maxsplit=1)[0])


def place_in_revision(error: BaseException, versions: Versions) -> str | None:
    """The file and line of the revision that `error` comes from, or None when it comes from none."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename) in versions:
        return f"{Path(error.filename).name}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename) in versions:
            return f"{Path(frame.filename).name}:{frame.lineno}"
    return None
