"""Writes log lines in a thread, so that a slow reader of the log does not block the event loop."""

import logging
import os
import threading
import time
from collections import deque
from typing import Final

MAX_WAITING: Final = 10_000
"""Lines that may wait to be written. At 200 bytes a line that is 2 MB."""

# Seconds that lines are gathered for before they are written together: one system call for many of them.
_GATHERED: Final = 0.05
# Seconds that the end of the process waits for the last lines.
_LAST: Final = 1.0


class LogWriter(logging.Handler):
    """Writes records to the file `descriptor` in a thread of its own.

    A pipe without a reader, or a slow disk, blocks that thread alone. While more than 10,000 lines wait,
    further ones are dropped and counted; the count is written when there is room again.
    """

    def __init__(self, descriptor: int = 2) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._waiting = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._process: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line of the record."""
        if len(self._lines) >= MAX_WAITING:
            self._dropped += 1
        else:
            self.write(self.format(record))

    def write(self, line: str) -> None:
        """Queue a line."""
        if len(self._lines) >= MAX_WAITING:
            self._dropped += 1
            return
        if self._process != os.getpid():  # threads do not survive a fork
            self._process = os.getpid()
            threading.Thread(target=self._write_forever, name="log", daemon=True).start()
        self._lines.append(line)
        self._idle.clear()
        if not self._waiting.is_set():
            self._waiting.set()

    def flush(self) -> None:
        """Wait a moment for what is queued to be written; `logging` calls this at the end of the process."""
        if self._process == os.getpid():
            self._idle.wait(_LAST)

    def _write_forever(self) -> None:
        while True:
            self._waiting.wait()
            time.sleep(_GATHERED)
            self._waiting.clear()
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            dropped, self._dropped = self._dropped, 0
            if dropped:
                lines.append(f"{dropped} log lines were dropped: they came faster than they could be written")
            self._write("\n".join([*lines, ""]).encode(errors="backslashreplace"))
            if not self._lines:
                self._idle.set()

    def _write(self, content: bytes) -> None:
        # Straight to the descriptor: the end of the process waits for the lock of a stream, but not for this.
        try:
            while content:
                content = content[os.write(self._descriptor, content) :]
        except OSError:
            self._dropped += content.count(b"\n")  # the reader is gone
