"""The report: tables of Markdown, and the files they are written to."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Spread, ratios
from benchmarks.plot import draw
from benchmarks.reach import Line, column, cost, lines
from benchmarks.stages import CLIENTS, CROWD, SERVICE
from benchmarks.works import ALL, DEEP_PAGE, LIST, READ_ONE

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = ROOT / "docs" / "performance.md"
FIGURES: Final = ROOT / "docs" / "performance" / "figures.json"
PLOT: Final = ROOT / "docs" / "performance" / "cost-by-table-size.svg"
BEGINNING: Final = "<!-- measured: written by `make bench`, do not edit -->"
END: Final = "<!-- /measured -->"

_TITLES: Final = {work.key: work.title for work in (*ALL, DEEP_PAGE)}
_SAMPLED: Final = ("CPU µs", "PostgreSQL µs", "req/s", "p50 ms", "p99 ms", "peak MB")

Figures = dict[str, Any]
Samples = Sequence[dict[str, float]]


def write(figures: Figures) -> list[str]:
    """Write the figures, the plot and the measured part of the document; returns where, below the project."""
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    others = {name: found for name, found in figures.items() if name not in {"overload", "flood"}}
    FIGURES.write_text(json.dumps(others, indent=1) + "\n", encoding="utf-8")
    draw(figures["growth"], PLOT)
    replace_part(BEGINNING, rendered(figures))
    return [str(file.relative_to(ROOT)) for file in (DOCUMENT, FIGURES, PLOT)]


def replace_part(beginning: str, content: str) -> None:
    """Write the content into the document, between the mark `beginning` and the next end mark."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(beginning)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{beginning}\n\n{content}\n\n{END}{after}", encoding="utf-8")


def rendered(figures: Figures) -> str:
    """All that was measured, as Markdown."""
    parts = [_comparison(figures), *_reach(figures), *_works(figures), *_crowd(figures), *_bulk(figures)]
    parts += [*_growth(figures), *_sqlite(figures), *_granian(figures), *_startup(figures)]
    return "\n\n".join(parts)


def circumstances(figures: Figures) -> str:
    """When it was measured, on what, and with which releases."""
    machine = figures["machine"]
    releases = ", ".join(f"{name} {release}" for name, release in figures["versions"].items())
    return (
        f"Measured on {figures['date']}: {machine['processor']}, {machine['cores']} cores, {machine['memory']},"
        f" {machine['kernel']}; {machine['placed']}; load average {machine['busy']} before. {releases}."
    )


def _comparison(figures: Figures) -> str:
    rounds = figures["rounds"]
    return (
        f"{circumstances(figures)}\n\n"
        f"{figures['rows']:,} users; {rounds['count']} rounds of {rounds['seconds']:g} s for each server,"
        " after a warm-up, in turn. A figure is the median of the rounds; where two more stand behind it,"
        " they are the lowest and the highest."
    )


def _reach(figures: Figures) -> Iterator[str]:
    verdicts = {True: "yes", False: "**no**", None: "not measured"}
    rows = [(line.what, _bound(line), _spread(line.measured, line.unit), verdicts[line.met]) for line in lines(figures)]
    yield "## Reach"
    yield table(("what", "wanted", "measured", "met"), rows)


def _works(figures: Figures) -> Iterator[str]:
    for key, contenders in figures["works"].items():
        yield f"## {sentence(_TITLES[key])}, {CLIENTS} clients"
        yield _compared(contenders)
    if figures["works"]:
        yield (
            "How much of one core the load and PostgreSQL used together, at most, while each was measured: "
            + _others(figures["works"])
        )
    for name, reason in figures.get("left_out", {}).items():
        yield f"Not measured: {name}, as {reason}."


def _others(works: dict[str, dict[str, Samples]]) -> str:
    """By server, the part of a core: near one, the server would have waited for them."""
    busiest: dict[str, float] = {}
    for contenders in works.values():
        for name, samples in contenders.items():
            used = [(one["generator_cpu"] + one["database_cpu"]) * one["throughput"] / 1e6 for one in samples]
            busiest[name] = max(busiest.get(name, 0.0), Spread.of(used).median)
    return "; ".join(f"{name} {part:.0%}" for name, part in busiest.items()) + "."


def _crowd(figures: Figures) -> Iterator[str]:
    for key, contenders in figures["crowd"].items():
        yield f"## {sentence(_TITLES[key])}, {CROWD} clients"
        rows = [
            (name, *_sampled(samples), _spread(ratios(column(contenders[SERVICE], "p99"), column(samples, "p99"))))
            for name, samples in contenders.items()
        ]
        yield table(("server", *_SAMPLED, "p99 of the service to it"), rows)


def _bulk(figures: Figures) -> Iterator[str]:
    if not (bulk := figures.get("bulk")):
        return
    yield "## Files"
    rows = [
        (
            f"{what} of {found['rows']:,} users, CSV",
            _spread(Spread.of(found["service"])),
            _spread(Spread.of(found["copy"])),
            _spread(ratios(found["service"], found["copy"])),
            number(found["idle"]),
            number(found["peak"]),
        )
        for what, found in bulk.items()
    ]
    yield table(("what", "service, rows/s", "bare COPY, rows/s", "ratio", "idle MB", "peak MB"), rows)


def _growth(figures: Figures) -> Iterator[str]:
    if not (growth := figures.get("growth")):
        return
    yield "## Cost by the size of the table"
    yield f"![Cost of a request by the size of the table]({PLOT.relative_to(DOCUMENT.parent)})"
    rows = [
        (
            f"{int(size):,}",
            _TITLES[key],
            *(_spread(Spread.of(column(samples, name))) for name in ("cpu", "database_cpu")),
            _spread(ratios(cost(samples), cost(growth[LIST.key][size]))) if key == DEEP_PAGE.key else "",
            _spread(Spread.of(column(samples, "p50"))),
        )
        for size in growth[READ_ONE.key]
        for key, samples in ((key, growth[key][size]) for key in growth)
    ]
    yield table(("users", "work, one client", "CPU µs", "PostgreSQL µs", "both, to page 1", "p50 ms"), rows)


def _sqlite(figures: Figures) -> Iterator[str]:
    if sqlite := figures.get("sqlite"):
        yield f"## The service on SQLite, {CLIENTS} clients"
        head = [name for name in _SAMPLED if name != "PostgreSQL µs"]
        rows = [(_TITLES[key], *_sampled(samples, database=False)) for key, samples in sqlite.items()]
        yield table(("work", *head), rows)


def _granian(figures: Figures) -> Iterator[str]:
    for key, contenders in figures["granian"].items():
        yield f"## {sentence(_TITLES[key])}, in uvicorn and in granian, {CLIENTS} clients"
        yield _compared(contenders)


def _startup(figures: Figures) -> Iterator[str]:
    if startup := figures.get("startup"):
        yield "## Starting"
        titles = {
            "first_answer": "start to the first answer, `/livez`",
            "first_user": "start to the first user read",
            "imported": "import of the application",
        }
        yield table(("what", "s"), [(titles[name], _spread(Spread.of(found))) for name, found in startup.items()])


def _compared(contenders: dict[str, Samples]) -> str:
    ours = contenders[SERVICE]
    rows = [
        (
            name,
            *_sampled(samples),
            *(_spread(ratios(column(ours, figure), column(samples, figure))) for figure in ("cpu", "throughput")),
        )
        for name, samples in contenders.items()
    ]
    return table(("server", *_SAMPLED, "CPU of the service to it", "throughput of the service to it"), rows)


def _sampled(samples: Samples, *, database: bool = True) -> list[str]:
    names = ("cpu", *(["database_cpu"] if database else []), "throughput", "p50", "p99", "peak")
    return [number(Spread.of(column(samples, name)).median) for name in names]


def _bound(line: Line) -> str:
    aim = f", better {number(line.aim)}" if line.aim is not None else ""
    return f"at {'least' if line.least else 'most'} {number(line.bound)}{line.unit}{aim}"


def _spread(spread: Spread | None, unit: str = "") -> str:
    if spread is None:
        return ""
    median, lowest, highest = map(number, spread)
    return f"{median}{unit}" if lowest == highest else f"{median}{unit} ({lowest}..{highest})"


def number(figure: float) -> str:
    """Three digits or more: as many as tell figures apart."""
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.2f}"


def sentence(title: str) -> str:
    """The title with a capital at its beginning."""
    return title[0].upper() + title[1:]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of Markdown, whose columns but the first are aligned to the right."""
    titles = list(head)
    aligned = ["---", *["---:"] * (len(titles) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [titles, aligned, *map(list, rows)])
