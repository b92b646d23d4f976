"""Logging: one line an event, to standard error, without personal data."""

import logging
import time
import traceback
from functools import lru_cache
from typing import Any

from foundation.telemetry.log_writer import LogWriter


class LineWriter(LogWriter):
    """Writes our lines, also without a record."""

    def write_info(self, name: str, message: str, request_id: str) -> None:
        """Write what the logger `name` would have written of a message without arguments, in a quarter of the time."""
        self.write(f"{_moment(time.time())} INFO {name} {message} request_id={request_id}")


class Formatter(logging.Formatter):
    """Time in UTC, level, logger, message, and the request id where there is one."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        """The moment of the record in UTC, to the millisecond."""
        return _moment(record.created)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- the name is logging's
        """The line, and the request id where there is one."""
        request_id = getattr(record, "request_id", None)
        line = f"{self.formatTime(record)} {record.levelname} {record.name} {record.message}"
        return f"{line} request_id={request_id}" if request_id else line

    def formatException(self, ei: Any) -> str:  # noqa: N802 -- the name is logging's
        """Where it happened and which errors they were, but not their messages: those quote stored values."""
        lines: list[str] = []
        error = ei[1]
        while error is not None:
            lines += [line.rstrip() for line in traceback.format_tb(error.__traceback__)]
            code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
            lines.append(type(error).__qualname__ + (f" ({code})" if code else ""))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
            lines += ["caused by"] if error is not None else []
        return "\n".join(lines)


def _moment(created: float) -> str:
    """A moment in UTC, to the millisecond."""
    seconds, milliseconds = divmod(int(created * 1000), 1000)
    return f"{_second(seconds)}.{milliseconds:03}Z"


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _standard_error() -> LineWriter:
    """The handler of this process, in which records do without what our lines lack: `Optimization`, Logging HOWTO."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    return LineWriter()


def logging_config(level: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`: everything at `level` and above goes to standard error.

    The server's own access log stays off, because it quotes query strings. Each worker applies this itself.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": Formatter}},
        "handlers": {"stderr": {"()": _standard_error, "formatter": "line"}},
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {name: {"level": "WARNING"} for name in ("aiosqlite", "alembic", "asyncio", "httpcore2", "httpx2")},
    }
