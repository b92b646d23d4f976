"""What the benchmark says of floods of bad credentials."""

from collections import Counter
from typing import Any

from benchmarks import flood_report, report
from benchmarks.flood import Found


def found(*latencies: float) -> dict[str, Any]:
    return Found([list(latencies)], 1, Counter({"429": 90, "401": 10}), 2.0, 0.5, 1.5).figures()


FIGURES = {
    "flood": {"a core for the server": {"none": found(1, 2), "another program": found(1, 4), "keys": found(1, 5)}}
}


def test_the_p99_of_each_flood_stands_beside_those_without_one() -> None:
    rendered = flood_report.rendered_flood(FIGURES)
    assert "With a core for the server, and 100 good requests a second:" in rendered
    assert "| keys | 1.00 | 5.00 | 2.50 | 1.25 | 1 | 50.0 | 25% |" in rendered


def test_figures_are_of_all_rounds_together_and_percentiles_of_each_as_well() -> None:
    figures = Found([[1.0], [2.0, 3.0]], 0, Counter({"429": 3}), 2.0, 1.0).figures()
    assert (figures["p50"], figures["p99"], figures["p99s"]) == (2.0, 3.0, [1.0, 3.0])
    assert (figures["flood"], figures["cpu"]) == ({"429": 1.5}, 0.5)


def test_nothing_is_said_where_nothing_was_measured() -> None:
    assert flood_report.rendered_flood({}) == ""
    assert flood_report.write_flood({}) == []


def test_the_document_has_the_part_that_is_written() -> None:
    assert report.DOCUMENT.read_text(encoding="utf-8").count(flood_report.BEGINNING) == 1
