"""Lines of the log."""

import logging

from foundation.telemetry.logs import Formatter


def test_a_line_has_its_moment_in_utc_its_level_its_logger_and_the_request_id() -> None:
    record = logging.LogRecord("service.http", logging.INFO, __file__, 1, "%s %d", ("GET", 200), None)
    record.created = 1765886400.0425
    assert Formatter().format(record) == "2025-12-16T12:00:00.042Z INFO service.http GET 200"
    record.__dict__["request_id"] = "abc"
    assert Formatter().format(record) == "2025-12-16T12:00:00.042Z INFO service.http GET 200 request_id=abc"
