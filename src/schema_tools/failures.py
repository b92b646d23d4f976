"""Failures of migrations in one sentence each, for the person who asked, never with a secret."""

import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic.util import CommandError
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from schema_tools.database_urls import shown, without_secrets
from schema_tools.errors import SchemaToolsError

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_INTEGRITY: Final = "23"


@contextmanager
def explained(
    url: URL | None,
    versions: Path | None = None,
    aftermath: Callable[[], str] = lambda: "left the schema as it was",
) -> Iterator[None]:
    """Turn what fails inside, while working on the database at `url`, to a `SchemaToolsError`.

    Args:
        url: The database, or None where only the revisions are read.
        versions: Where the revisions are, so that a failing one is named with file and line.
        aftermath: Says what a revision that failed left, to follow `failed and`.

    Raises:
        SchemaToolsError: Something failed inside that concerns the database or a revision. Any other error, a
            mistake of the tools themselves, passes unchanged.
    """
    try:
        yield
    except SchemaToolsError:
        raise
    except CommandError as error:
        raise SchemaToolsError(without_secrets(_alembic_says(error), url)) from error
    except Exception as error:
        place = place_in_revision(error, versions) if versions else None
        if place is None and not isinstance(error, DBAPIError):
            raise
        what = _driver_says(error) if isinstance(error, DBAPIError) else f"{type(error).__name__}: {error}"
        if place is not None:
            sentence = f"{place} failed and {aftermath()}: {what}"
        else:
            sentence = f"cannot work on {shown(url) if url else 'the migrations'}: {what}"
        raise SchemaToolsError(without_secrets(sentence, url)) from None


def _alembic_says(error: CommandError) -> str:
    message = str(error)
    unknown = re.search(r"Can't locate revision identified by '([^']*)'", message)
    return f"revision {unknown[1]} is not among the migrations of this release" if unknown else message


def _driver_says(error: DBAPIError) -> str:
    """The driver's own words, without the statement, and without libpq's preamble and its advice."""
    message = str(error.orig).partition("\n\tIs the server running")[0]
    if str(getattr(error.orig, "sqlstate", "")).startswith(_INTEGRITY):
        message = message.partition("\nDETAIL:")[0]  # It is what somebody's row holds.
    fatal = message.rpartition("FATAL:")[2] if "FATAL:" in message else message
    return fatal.strip().removeprefix("connection failed: ")


def place_in_revision(error: BaseException, versions: Path) -> str | None:
    """The file and line of the revision that `error` comes from, or None when it comes from none."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).parent == versions:
        return f"{Path(error.filename).name}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).parent == versions:
            return f"{Path(frame.filename).name}:{frame.lineno}"
    return None
