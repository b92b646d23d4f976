"""What the benchmark says of loads that one worker cannot carry."""

from pathlib import Path
from typing import Any

from benchmarks import overload_report, report
from benchmarks.overload import STEPS, as_sent

STEP = {
    "offered": 500.0,
    "goodput": 480.0,
    "shed": 20.0,
    "lost": 0,
    "p50": 3.0,
    "p99": 9.0,
    "shed_p99": 2.0,
    "livez_p99": 4.0,
    "livez_max": 8.0,
    "cpu": 0.97,
    "generator": 0.1,
    "late": 1.0,
    "peak": 100.0,
}
FIGURES: dict[str, Any] = {
    "date": "2026-11-29",
    "machine": dict.fromkeys(("processor", "cores", "memory", "kernel", "placed", "busy"), "1"),
    "versions": {"Python": "3"},
    "rows": 10,
    "overload": {"list": {"capacity": 480.0, "steps": {f"{step:g}": STEP for step in STEPS}}},
}


def test_each_load_has_a_row() -> None:
    table = overload_report.rendered_overload(FIGURES)
    assert "List 50: one worker carries 480 requests a second." in table
    assert table.count("| 97% |") == len(STEPS)


def test_nothing_is_said_where_nothing_was_measured() -> None:
    assert overload_report.rendered_overload({}) == ""
    assert overload_report.write_overload({}) == []


def test_the_same_figures_make_the_same_plot(tmp_path: Path) -> None:
    one, other = tmp_path / "one.svg", tmp_path / "other.svg"
    overload_report.draw(FIGURES["overload"], one)
    overload_report.draw(FIGURES["overload"], other)
    assert one.read_bytes() == other.read_bytes()


def test_the_document_has_the_part_that_is_written() -> None:
    assert report.DOCUMENT.read_text(encoding="utf-8").count(overload_report.BEGINNING) == 1


def test_a_request_with_a_body_says_how_long_it_is() -> None:
    sent = as_sent({"method": "POST", "path": "/", "body": "ä", "headers": {"Content-Type": "text/plain"}})
    assert sent.endswith(b"\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n\xc3\xa4")
