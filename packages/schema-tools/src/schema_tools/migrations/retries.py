"""Retrying a migration that did not get a lock, and naming the sessions that held it."""

import time
from collections.abc import Callable
from random import SystemRandom
from typing import Final

from sqlalchemy import Connection

from schema_tools.errors import SchemaToolsError
from schema_tools.failures import driver_error, place_in_revision
from schema_tools.migrations.blockers import Blocker, last_blockers
from schema_tools.migrations.connection import Patience
from schema_tools.migrations.steps import Steps
from schema_tools.versions import Versions

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_LOCK_NOT_AVAILABLE: Final = "55P03"

_random: Final = SystemRandom()


def with_retries(
    run: Callable[[], None], connection: Connection, steps: Steps, versions: Versions, patience: Patience
) -> None:
    """Call `run`, and again when a revision did not get a lock and was rolled back: it goes on with that revision.

    The pauses double, and vary by half, so that they do not coincide with a periodic lock.

    Raises:
        SchemaToolsError: A revision did not get its lock in `patience.attempts`, or did not and has work outside
            its transaction, which may not be done twice. The message names the sessions that held it.
    """
    failed, attempts = "", 0
    while True:
        try:
            return run()
        except Exception as error:
            step = steps.current
            if getattr(driver_error(error), "sqlstate", None) != _LOCK_NOT_AVAILABLE or step is None:
                raise
            connection.rollback()
            attempts = attempts + 1 if step.revision == failed else 1
            failed = step.revision
            held = _held(last_blockers(connection))
            if attempts >= patience.attempts or not steps.rolled_back:
                place = place_in_revision(error, versions) or step.file
                times = "" if attempts == 1 else f" in {attempts} attempts"
                raise SchemaToolsError(
                    f"{place} did not get a lock{times} and {steps.aftermath()}: {held};"
                    " wait for that to end, or end it, and run this again"
                ) from None
            pause = patience.pause_seconds * 2 ** (attempts - 1) * _random.uniform(0.5, 1.5)
            steps.tell_waiting(f"{held}; attempt {attempts + 1} of {patience.attempts} in {pause:.1f} seconds")
            time.sleep(pause)


def _held(blockers: list[Blocker]) -> str:
    if not blockers:
        return "a lock was held by a session that was not seen"
    relations = sorted({one.relation for one in blockers if one.relation})
    what = " and ".join(relations) or "what it waits for"
    return f"{what} is held by {' and '.join(map(str, blockers))}"
