"""What the benchmark says of its figures."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import report
from benchmarks.figures import Spread
from benchmarks.reach import Line, lines
from benchmarks.references import BY_HAND, FASTIFY, LIMIT, TEMPLATES
from benchmarks.stages import SERVICE

NOTHING: dict[str, Any] = {"works": {}, "crowd": {}, "granian": {}}


def samples(**figures: list[float]) -> list[dict[str, float]]:
    """Samples with these figures by round, and 1 for all others."""
    names = ("cpu", "database_cpu", "generator_cpu", "throughput", "p50", "p99", "peak")
    rounds = len(next(iter(figures.values())))
    return [{name: figures.get(name, [1.0] * rounds)[round_] for name in names} for round_ in range(rounds)]


READ_ONE = {
    SERVICE: samples(cpu=[100.0, 240.0], throughput=[900.0, 400.0]),
    LIMIT: samples(cpu=[50.0, 60.0]),
    BY_HAND: samples(cpu=[100.0, 200.0], throughput=[800.0, 400.0]),
    TEMPLATES[0]: samples(throughput=[300.0, 100.0]),
    TEMPLATES[1]: samples(throughput=[100.0, 200.0]),
}


def line(what: str, figures: dict[str, Any]) -> Line:
    return next(line for line in lines(figures) if line.what == what)


def test_cpu_is_compared_with_by_hand_round_by_round() -> None:
    found = line("read one: CPU per request, to by hand", NOTHING | {"works": {"read-one": READ_ONE}})
    assert (found.measured, found.met) == ((1.1, 1.0, 1.2), True)


def test_cpu_is_compared_with_the_limit_as_well() -> None:
    found = line("read one: CPU per request, to limit", NOTHING | {"works": {"read-one": READ_ONE}})
    assert (found.measured, found.bound, found.met) == ((3.0, 2.0, 4.0), 1.05, False)


def test_throughput_is_compared_with_whichever_template_was_better_in_the_round() -> None:
    found = line("read one: throughput, to the better template", NOTHING | {"works": {"read-one": READ_ONE}})
    assert (found.measured, found.met) == ((2.5, 2.0, 3.0), False)


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert {line.met for line in lines(NOTHING)} == {None}


def test_depth_costs_what_the_server_and_postgresql_use_together() -> None:
    growth = {
        "deep-page": {
            "10000": samples(cpu=[4.0], database_cpu=[4.0]),
            "10000000": samples(cpu=[6.0], database_cpu=[6.0]),
        },
        "list": {"10000": samples(cpu=[1.0], database_cpu=[1.0]), "10000000": samples(cpu=[4.0], database_cpu=[6.0])},
        "read-one": {"10000": samples(cpu=[1.0]), "10000000": samples(cpu=[1.0])},
    }
    figures = NOTHING | {"growth": growth}
    depth, size = (found.measured for found in lines(figures) if found.what.startswith("cost"))
    assert (depth, size) == ((1.2, 1.2, 1.2), (1.5, 1.5, 1.5))


def test_small_tables_say_nothing_of_page_100_000() -> None:
    growth = {"deep-page": {"10000": samples(cpu=[4.0]), "100000": samples(cpu=[6.0])}}
    assert {line.met for line in lines(NOTHING | {"growth": growth})} == {None}


def test_a_line_that_is_missed_is_told_from_one_that_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    missed = Line("speed", 3.0, Spread(2.0, 1.0, 2.5), least=True)
    met = Line("start", 1.5, Spread(1.5, 1.5, 1.5), unit=" s")
    monkeypatch.setattr(report, "lines", lambda _figures: [missed, met])
    rendered = report.rendered(circumstances() | NOTHING)
    assert "| speed | at least 3.00 | 2.00 (1.00..2.50) | **no** |" in rendered
    assert "| start | at most 1.50 s | 1.50 s | yes |" in rendered


def test_a_reference_that_is_left_out_is_named() -> None:
    rendered = report.rendered(circumstances() | NOTHING | {"left_out": {FASTIFY: "there is no Node.js"}})
    assert "Not measured: fastify, as there is no Node.js." in rendered


def circumstances() -> dict[str, Any]:
    machine = dict.fromkeys(("processor", "cores", "memory", "kernel", "placed", "busy"), "?")
    return {"date": "2026-11-23", "machine": machine, "versions": {}, "rows": 1, "rounds": {"count": 1, "seconds": 1}}


def test_what_people_wrote_around_the_figures_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"# Before\n\n{report.BEGINNING}\nold figures\n{report.END}\n\nAfter.\n", encoding="utf-8")
    for name, file in (("DOCUMENT", document), ("FIGURES", tmp_path / "figures.json"), ("PLOT", tmp_path / "plot.svg")):
        monkeypatch.setattr(report, name, file)
    monkeypatch.setattr(report, "ROOT", tmp_path)
    sizes = {"10": samples(cpu=[1.0]), "200": samples(cpu=[2.0])}
    growth = {"growth": dict.fromkeys(("deep-page", "list", "read-one"), sizes)}

    report.write(circumstances() | NOTHING | growth)

    written = document.read_text(encoding="utf-8")
    assert written.startswith(f"# Before\n\n{report.BEGINNING}\n")
    assert written.endswith(f"{report.END}\n\nAfter.\n")
    assert "old figures" not in written
    assert "## Reach" in written
