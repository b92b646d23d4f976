"""The part of the report on floods of bad credentials: a table and figures."""

import json
from collections.abc import Iterator
from typing import Any, Final

from benchmarks.flood import RATE
from benchmarks.report import DOCUMENT, ROOT, circumstances, number, replace_part, table

_FIGURES: Final = ROOT / "docs" / "performance" / "flood.json"
BEGINNING: Final = "<!-- flood: written by `make bench`, do not edit -->"
_HEAD: Final = (
    "flood",
    "2xx p50 ms",
    "2xx p99 ms",
    "p99 to none",
    "p99 to another program",
    "not 2xx",
    "refused/s",
    "CPU",
)


def write_flood(figures: dict[str, Any]) -> list[str]:
    """Write the figures and the part of the document; returns where, or nothing if it was not measured."""
    if "flood" not in figures:
        return []
    kept = {name: figures[name] for name in ("date", "machine", "versions", "rows", "flood")}
    _FIGURES.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    replace_part(BEGINNING, f"{circumstances(figures)}\n\n{rendered_flood(figures)}")
    return [str(file.relative_to(ROOT)) for file in (DOCUMENT, _FIGURES)]


def rendered_flood(figures: dict[str, Any]) -> str:
    """What was measured, as Markdown."""
    return "\n\n".join(_tables(figures.get("flood", {})))


def _tables(measured: dict[str, Any]) -> Iterator[str]:
    for placed, found in measured.items():
        none, busy = list(found.values())[:2]
        rows = [
            (
                title,
                number(one["p50"]),
                number(one["p99"]),
                f"{one['p99'] / none['p99']:.2f}",
                f"{one['p99'] / busy['p99']:.2f}",
                str(one["failed"]),
                number(sum(one["flood"].values())),
                f"{one['cpu']:.0%}",
            )
            for title, one in found.items()
        ]
        yield f"With {placed}, and {RATE:g} good requests a second:\n\n{table(_HEAD, rows)}"
