"""The application that an `env.py` of Flask-Migrate reads its tables and its engine from."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from schema_tools.errors import SchemaToolsError

_READS_IT: Final = re.compile(r"\bcurrent_app\b")


@contextmanager
def application_at_work(environment: Path) -> Iterator[None]:
    """Have Flask's application be the current one while the `env.py` at `environment` runs, if that asks for it.

    It is found as the command `flask` finds it: by FLASK_APP, or in `app.py` or `wsgi.py`.

    Raises:
        SchemaToolsError: There is no such application.
    """
    if not environment.is_file() or not _READS_IT.search(environment.read_text(encoding="utf-8", errors="replace")):
        yield
        return
    with _application().app_context():
        yield


@cache
def _application() -> Any:
    try:
        from flask.cli import NoAppException, cli  # noqa: PLC0415 -- few projects have it
    except ImportError as error:
        raise SchemaToolsError(
            f"env.py reads the application of Flask, which is not installed here ({error}): run this in the environment"
            " in which `flask db` works"
        ) from None
    try:
        # As for any command of Flask, which reads its variables.
        return cli.make_context("flask", ["routes"]).obj.load_app()
    except NoAppException as error:
        reason = " ".join(str(error).split())
        raise SchemaToolsError(
            f"env.py reads the application of Flask, which cannot be found: {reason.rstrip('.')}. Name it in FLASK_APP,"
            " as for `flask db`"
        ) from error
