"""The plot of cost by the size of the table."""

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.figures import Spread
from benchmarks.reach import cost
from benchmarks.works import DEEP_PAGE, LIST, READ_ONE

_SERIES: Final = {DEEP_PAGE.key: "50 users at depth", LIST.key: "50 users, first page", READ_ONE.key: "one user"}
_STYLES: Final = {DEEP_PAGE.key: ("#0b5cad", "o-"), LIST.key: ("#d97706", "s--"), READ_ONE.key: ("#4b7f2a", "^-")}


def draw(growth: dict[str, Any], file: Path) -> None:
    """Draw the medians with their spread; the same figures make the same file."""
    # Names of elements that are not random, and text that stays text.
    with mpl.rc_context({"svg.hashsalt": "cost", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        for key, label in _SERIES.items():
            sizes = sorted(map(int, growth[key]))
            spreads = [Spread.of(cost(growth[key][str(size)])) for size in sizes]
            medians = [spread.median for spread in spreads]
            below = [spread.median - spread.lowest for spread in spreads]
            above = [spread.highest - spread.median for spread in spreads]
            color, style = _STYLES[key]
            axes.errorbar(sizes, medians, [below, above], fmt=style, color=color, capsize=3, label=label)
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("users in the table")
        axes.set_ylabel("CPU per request, server and PostgreSQL, µs")
        axes.grid(visible=True, axis="y", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
