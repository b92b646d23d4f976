"""Lines of the log."""

import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from foundation.http.edge.request_log import log_request
from foundation.telemetry import log_writer
from foundation.telemetry.log_writer import LogWriter
from foundation.telemetry.logs import Formatter, LineWriter


def test_a_line_has_its_moment_in_utc_its_level_its_logger_and_the_request_id() -> None:
    record = logging.LogRecord("service.http", logging.INFO, __file__, 1, "%s %d", ("GET", 200), None)
    record.created = 1765886400.0425
    assert Formatter().format(record) == "2025-12-16T12:00:00.042Z INFO service.http GET 200"
    record.__dict__["request_id"] = "abc"
    assert Formatter().format(record) == "2025-12-16T12:00:00.042Z INFO service.http GET 200 request_id=abc"


def test_a_line_without_a_record_is_the_same() -> None:
    reading, writing = os.pipe()
    writer = LineWriter(writing)
    writer.setFormatter(Formatter())
    logger = logging.getLogger("service.http")

    with handled_by(writer):
        log_request(logger, "GET /things 200 1.0 ms", "abc")
    with handled_by(writer, logging.NullHandler()):
        log_request(logger, "GET /things 200 1.0 ms", "abc")
    writer.flush()

    lines = os.read(reading, 1 << 16).decode().splitlines()
    assert [one.partition(" ")[2] for one in lines] == ["INFO service.http GET /things 200 1.0 ms request_id=abc"] * 2
    assert all(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z", one.split()[0]) for one in lines)


@contextmanager
def handled_by(*handlers: logging.Handler) -> Iterator[None]:
    """Meanwhile, the root has these handlers, and no other."""
    root, before = logging.root, logging.root.handlers[:]
    root.handlers[:] = handlers
    try:
        yield
    finally:
        root.handlers[:] = before


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("service.http", logging.INFO, __file__, 1, message, None, None)


def accounted_for(descriptor: int, number: int) -> int:
    """Read until that many lines were written or are said to be dropped; how many of them were dropped."""
    content, written, dropped = "", 0, 0
    while written + dropped < number:
        content += os.read(descriptor, 1 << 20).decode()
        *lines, content = content.split("\n")
        for line in lines:
            counted = line.endswith("faster than they could be written")
            written, dropped = (written, dropped + int(line.split()[0])) if counted else (written + 1, dropped)
    assert written + dropped == number
    return dropped


def test_a_slow_reader_blocks_no_logger_and_is_told_how_much_was_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_writer, "MAX_WAITING", 1000)
    reading, writing = os.pipe()
    writer = LogWriter(writing)
    line = "x" * 200
    for _ in range(2):  # a pipe holds 64 KiB: the first ones are being written when the others come
        for _ in range(2000):
            writer.handle(record(line))
        time.sleep(0.1)
    began = time.monotonic()
    writer.handle(record(line))
    assert time.monotonic() - began < 0.1
    assert accounted_for(reading, 4001) > 1000


def test_what_was_logged_is_written_before_the_end() -> None:
    reading, writing = os.pipe()
    writer = LogWriter(writing)
    writer.handle(record("the last words \ud800"))
    writer.flush()
    assert os.read(reading, 100) == b"the last words \\ud800\n"


def test_a_reader_who_went_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    writer = LogWriter(writing)
    for _ in range(2):
        writer.handle(record("to nobody"))
        writer.flush()
