"""Trying a migration again that did not get a lock, and saying who had it when it is given up."""

import time
from collections.abc import Callable
from pathlib import Path
from random import SystemRandom
from typing import Final

from sqlalchemy import Connection

from schema_tools.errors import SchemaToolsError
from schema_tools.failures import driver_error, place_in_revision
from schema_tools.migrations.blockers import Blocker, last_blockers
from schema_tools.migrations.connection import Patience
from schema_tools.migrations.steps import Steps

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_LOCK_NOT_AVAILABLE: Final = "55P03"

_random: Final = SystemRandom()


def with_retries(
    run: Callable[[], None], connection: Connection, steps: Steps, versions: Path, patience: Patience
) -> None:
    """Do `run`, again when a revision did not get a lock and was rolled back: it goes on with that revision.

    The pauses double, and vary by half, so that what comes regularly is not met again and again.

    Raises:
        SchemaToolsError: A revision did not get its lock in `patience.attempts`, or did not and has work outside
            its transaction, which may not be done twice. The message names who had it.
    """
    failed, attempts = "", 0
    while True:
        try:
            run()
        except Exception as error:
            if getattr(driver_error(error), "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            connection.rollback()
            step = steps.current
            if step is None:
                raise
            attempts = attempts + 1 if step.revision == failed else 1
            failed = step.revision
            blockers = last_blockers(connection)
            if attempts >= patience.attempts or not steps.rolled_back:
                place = place_in_revision(error, versions) or step.file
                raise SchemaToolsError(_given_up(place, attempts, steps, blockers)) from None
            pause = patience.pause_seconds * 2 ** (attempts - 1) * _random.uniform(0.5, 1.5)
            steps.tell_waiting(
                f"{_held(blockers)}; attempt {attempts + 1} of {patience.attempts} in {pause:.1f} seconds"
            )
            time.sleep(pause)
        else:
            return


def _given_up(place: str, attempts: int, steps: Steps, blockers: list[Blocker]) -> str:
    times = "" if attempts == 1 else f" in {attempts} attempts"
    return (
        f"{place} did not get a lock{times} and {steps.aftermath()}: {_held(blockers)};"
        " wait for that to end, or end it, and run this again"
    )


def _held(blockers: list[Blocker]) -> str:
    if not blockers:
        return "a lock was held by a session that was not seen"
    relations = sorted({one.relation for one in blockers if one.relation})
    what = " and ".join(relations) or "what it waits for"
    return f"{what} is held by {' and '.join(map(str, blockers))}"
