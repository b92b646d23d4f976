"""The part of the report on loads that one worker cannot carry: tables, figures and a plot."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.report import DOCUMENT, ROOT, circumstances, number, replace_part, sentence, table
from benchmarks.works import ALL

_FIGURES: Final = ROOT / "docs" / "performance" / "overload.json"
_PLOT: Final = ROOT / "docs" / "performance" / "overload.svg"
BEGINNING: Final = "<!-- overload: written by `make bench`, do not edit -->"
_TITLES: Final = {work.key: work.title for work in ALL}
_STYLES: Final = {"list": ("#0b5cad", "o-"), "create": ("#d97706", "s--")}
_HEAD: Final = (
    "load",
    "offered/s",
    "2xx/s",
    "503/s",
    "lost",
    "2xx p50 ms",
    "2xx p99 ms",
    "503 p99 ms",
    "`/livez` p99 ms",
    "`/livez` max ms",
    "CPU",
    "peak MB",
)


def write_overload(figures: dict[str, Any]) -> list[str]:
    """Write the figures, the plot and the part of the document; returns where, or nothing if it was not measured."""
    if "overload" not in figures:
        return []
    kept = {name: figures[name] for name in ("date", "machine", "versions", "rows", "overload")}
    _FIGURES.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    draw(figures["overload"], _PLOT)
    plot = f"![Goodput and latency by the load]({_PLOT.relative_to(DOCUMENT.parent)})"
    replace_part(BEGINNING, f"{circumstances(figures)}\n\n{plot}\n\n{rendered_overload(figures)}")
    return [str(file.relative_to(ROOT)) for file in (DOCUMENT, _FIGURES, _PLOT)]


def rendered_overload(figures: dict[str, Any]) -> str:
    """What was measured, as Markdown."""
    return "\n\n".join(_tables(figures.get("overload", {})))


def _tables(overload: dict[str, Any]) -> Iterator[str]:
    for key, found in overload.items():
        rows = [
            (
                f"{step} x",
                *(number(one[name]) for name in ("offered", "goodput", "shed")),
                str(one["lost"]),
                *(number(one[name]) for name in ("p50", "p99", "shed_p99", "livez_p99", "livez_max")),
                f"{one['cpu']:.0%}",
                number(one["peak"]),
            )
            for step, one in found["steps"].items()
        ]
        title = sentence(_TITLES[key])
        yield f"{title}: one worker carries {number(found['capacity'])} requests a second.\n\n{table(_HEAD, rows)}"


def draw(overload: dict[str, Any], file: Path) -> None:
    """Draw goodput and latency by the load, both in multiples of what the worker carries; the same for the same."""
    with mpl.rc_context({"svg.hashsalt": "overload", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        goodput, latency = figure.subplots(1, 2)
        for key, found in overload.items():
            color, style = _STYLES[key]
            loads = [float(step) for step in found["steps"]]
            steps = found["steps"].values()
            goodput.plot(
                loads,
                [one["goodput"] / found["capacity"] for one in steps],
                style,
                color=color,
                label=_TITLES[key],
            )
            latency.plot(loads, [one["p99"] for one in steps], style, color=color, label=f"{_TITLES[key]}: 2xx")
            checks = [one["livez_p99"] for one in steps]
            latency.plot(loads, checks, "^:", color=color, alpha=0.6, label=f"{_TITLES[key]}: /livez")
        _frame(goodput, "2xx, in multiples of what it carries")
        _frame(latency, "p99, ms")
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)


def _frame(axes: Axes, label: str) -> None:
    axes.set_xscale("log")
    axes.set_xticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
    axes.set_xticks([], minor=True)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("load, in multiples of what it carries")
    axes.set_ylabel(label)
    axes.grid(visible=True, axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize="small")
