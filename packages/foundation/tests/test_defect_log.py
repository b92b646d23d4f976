"""Defects that repeat do not bury each other in tracebacks."""

import logging

import pytest

from foundation.http.edge import defects
from foundation.http.edge.defects import DefectLog


def raised(log: DefectLog, error: Exception) -> None:
    try:
        raise error
    except type(error) as caught:
        log.log(caught, "id")


def test_a_defect_that_repeats_is_counted(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    log = DefectLog()
    with caplog.at_level(logging.ERROR, "service.http"):
        for _ in range(3):
            raised(log, KeyError("secret"))
        raised(log, ValueError("another"))
        monkeypatch.setattr(defects, "_SAME", 0.0)
        raised(log, KeyError("secret"))
    assert [record.exc_info is not None for record in caplog.records] == [True, False, False, True, True]
    messages = [record.getMessage() for record in caplog.records]
    assert messages[2].endswith(" (2 more since its traceback)")
    assert all(message.startswith("defect: KeyError at ") for message in messages[:3])
    assert not any("secret" in message for message in messages)
