"""Logs errors that nothing foresaw."""

import logging
import time
from typing import Final

logger = logging.getLogger("service.http")

# Seconds until the traceback of a defect is logged again.
_SAME: Final = 60.0


class DefectLog:
    """Logs each defect with its traceback, and the same one within a minute in one line, which counts."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, int]] = {}  # as many as there are places in the code

    def log(self, error: Exception, request_id: str) -> None:
        """Log the error that is being handled. Its message may quote what a client sent, so the line has it not."""
        name = _name(error)
        shown_at, repeated = self._known.get(name, (float("-inf"), 0))
        if time.monotonic() - shown_at < _SAME:
            self._known[name] = (shown_at, repeated + 1)
            logger.error(
                "defect: %s (%d more since its traceback)", name, repeated + 1, extra={"request_id": request_id}
            )
        else:
            self._known[name] = (time.monotonic(), 0)
            logger.error("defect: %s", name, exc_info=error, extra={"request_id": request_id})


def _name(error: Exception) -> str:
    """The type, the SQLSTATE if there is one, and the line of the code that raised it."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" at {place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place is not None else ""
    sqlstate = getattr(error, "sqlstate", None)
    return f"{type(error).__name__}{f' ({sqlstate})' if sqlstate else ''}{where}"
