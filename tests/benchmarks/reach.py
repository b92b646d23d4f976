"""What the service has to reach, and whether it does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.figures import Spread, ratios
from benchmarks.references import BY_HAND, LIMIT, TEMPLATES
from benchmarks.stages import SERVICE
from benchmarks.works import ALL, DEEP, DEEP_PAGE, LIST, READ_ONE

MAX_GROWTH: Final = 30.0
"""Megabytes that a file may add to the resident memory of an idle server, which counts as flat."""

_CPU_AT_MOST: Final = {"read-one": 1.10, "list": 1.10, "create": 1.35, "patch": 1.35}
_CPU_AIM: Final = {"read-one": 1.0, "list": 1.0}
_CPU_TO_LIMIT_AT_MOST: Final = {"read-one": 1.05, "list": 1.15, "create": 1.7, "patch": 1.7}
_THROUGHPUT_AT_LEAST: Final = {"read-one": 3.0, "list": 3.0, "create": 1.5, "patch": 1.5}
_SMALLEST: Final = "10000"
_LARGEST: Final = "10000000"
_TITLES: Final = {work.key: work.title for work in ALL}

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to be reached.

    Attributes:
        what: What is measured.
        bound: The figure that it may have at most, or must have at least.
        least: Whether it must have at least as much.
        measured: What it has; None where it was not measured.
        unit: The unit of all of them; none is a ratio.
        aim: What would be better still.
    """

    what: str
    bound: float
    measured: Spread | None
    least: bool = False
    unit: str = ""
    aim: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the median is within the bound; None where nothing was measured."""
        if self.measured is None:
            return None
        return self.measured.median >= self.bound if self.least else self.measured.median <= self.bound


def lines(figures: Figures) -> list[Line]:
    """All that has to be reached."""
    return [*_works(figures), *_crowd(figures), *_bulk(figures), *_growth(figures), *_startup(figures)]


def _works(figures: Figures) -> Iterator[Line]:
    for key, bound in _CPU_AT_MOST.items():
        samples = figures["works"].get(key)
        cpu = samples and _to(BY_HAND, samples, "cpu")
        yield Line(f"{_TITLES[key]}: CPU per request, to by hand", bound, cpu, aim=_CPU_AIM.get(key))
        cpu = samples and _to(LIMIT, samples, "cpu")
        yield Line(f"{_TITLES[key]}: CPU per request, to limit", _CPU_TO_LIMIT_AT_MOST[key], cpu)
        faster = samples and ratios(column(samples[SERVICE], "throughput"), _better_template(samples))
        least = _THROUGHPUT_AT_LEAST[key]
        yield Line(f"{_TITLES[key]}: throughput, to the better template", least, faster, least=True)


def _crowd(figures: Figures) -> Iterator[Line]:
    for work in (READ_ONE, LIST):
        samples = figures["crowd"].get(work.key)
        yield Line(f"{work.title}, 20 clients: p99, to by hand", 1.2, samples and _to(BY_HAND, samples, "p99"))


def _bulk(figures: Figures) -> Iterator[Line]:
    for what, other in (("import", "COPY FROM"), ("export", "COPY TO")):
        bulk = figures.get("bulk", {}).get(what)
        speed = ratios(bulk["service"], bulk["copy"]) if bulk else None
        yield Line(f"{what}: rows per second, to bare {other}", 0.5, speed, least=True)
        growth = Spread.of([bulk["peak"] - bulk["idle"]]) if bulk else None
        yield Line(f"{what}: memory beside that of an idle server", MAX_GROWTH, growth, unit=" MB")


def _growth(figures: Figures) -> Iterator[Line]:
    growth = figures.get("growth", {})
    deep, first = (growth.get(work.key, {}) for work in (DEEP_PAGE, LIST))
    # A quick run has smaller tables, which say nothing of these.
    depth = ratios(cost(deep[_LARGEST]), cost(first[_LARGEST])) if _LARGEST in deep else None
    yield Line(f"cost of page {DEEP:,}, to page 1", 1.1, depth)
    size = ratios(cost(deep[_LARGEST]), cost(deep[_SMALLEST])) if deep.keys() >= {_LARGEST, _SMALLEST} else None
    yield Line("cost of a page at depth, ten million users to ten thousand", 1.2, size)


def _startup(figures: Figures) -> Iterator[Line]:
    startup = figures.get("startup")
    for what, name, bound in (
        ("cold start to the first user read", "first_user", 1.5),
        ("import of the application", "imported", 0.7),
    ):
        yield Line(what, bound, Spread.of(startup[name]) if startup else None, unit=" s")
    resident = figures.get("resident")
    yield Line("resident memory of a worker after load", 110, Spread.of([resident]) if resident else None, unit=" MB")


def column(samples: Sequence[dict[str, float]], name: str) -> list[float]:
    """One figure of each sample."""
    return [sample[name] for sample in samples]


def cost(samples: Sequence[dict[str, float]]) -> list[float]:
    """Microseconds per request that the server and PostgreSQL used of their processors together."""
    return [sample["cpu"] + sample["database_cpu"] for sample in samples]


def _to(other: str, samples: dict[str, Sequence[dict[str, float]]], name: str) -> Spread:
    return ratios(column(samples[SERVICE], name), column(samples[other], name))


def _better_template(samples: dict[str, Sequence[dict[str, float]]]) -> list[float]:
    return [max(pair) for pair in zip(*(column(samples[name], "throughput") for name in TEMPLATES), strict=True)]
