"""The benchmark: `make bench`, or `python -m benchmarks.run [--quick] [--only PARTS]` with its `PYTHONPATH`.

It takes about twenty-five minutes on two cores and writes `docs/performance.md`, the plots and all figures. With
`--quick` or `--only` it measures less, prints what it found, and writes nothing; but `--only overload` and `--only
flood` write the parts of the page that are their own, with their figures.
"""

import argparse
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks import machine, production, stages, works
from benchmarks.errors import BenchmarkFailed
from benchmarks.flood_report import rendered_flood, write_flood
from benchmarks.load import LoadGenerator
from benchmarks.overload_report import rendered_overload, write_overload
from benchmarks.postgres import databases
from benchmarks.report import rendered, write
from benchmarks.stages import FULL, QUICK, Comparison, Extent, Stand
from benchmarks.versions import versions
from schema_tools.errors import SchemaToolsError

_WORKS: Final = {work.key: work for work in works.ALL}
_PARTS: Final = (*_WORKS, "crowd", "granian", "bulk", "growth", "sqlite", "startup", "overload", "flood")
_CROWDED: Final = (works.READ_ONE, works.LIST)


class Progress:
    """Says what is done, and when, in a line each."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:5.0f} s  {what}", flush=True)


def measured(extent: Extent, parts: frozenset[str], said: Progress) -> dict[str, Any]:
    """The figures of these parts.

    Raises:
        BenchmarkFailed: Something could not be measured.
    """
    cores = machine.Cores.of_this_machine()
    description = machine.description() | {"placed": str(cores)}
    said(f"{cores}; load average {description['busy']}")
    production.set_up()
    with ExitStack() as until_the_end:
        # Whatever this process starts or does of its own is on the side of the load.
        until_the_end.enter_context(machine.pinned(cores.load))
        directory = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        generator = until_the_end.enter_context(LoadGenerator(cores.load))
        rows = extent.rows + (sum(extent.sizes) if "growth" in parts else 0)
        postgres = until_the_end.enter_context(databases(cores.database, rows))
        said(f"PostgreSQL {postgres.version} gets a table of {extent.rows:,} users")
        stand = Stand(extent, cores, directory, postgres, generator, said)
        figures: dict[str, Any] = {
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": description,
            "versions": versions(postgres.version, generator.version),
            "rows": extent.rows,
            "rounds": {"count": extent.rounds.count, "seconds": extent.rounds.seconds},
        }
        url = postgres.filled("service", extent.rows)
        compared = _compared(stand, url, parts)
        figures["versions"] |= compared.pop("versions")
        return figures | compared | _alone(stand, url, parts)


def _compared(stand: Stand, url: str, parts: frozenset[str]) -> dict[str, Any]:
    figures: dict[str, Any] = {"works": {}, "crowd": {}, "granian": {}, "left_out": {}, "versions": {}}
    if not parts & {*_WORKS, "crowd", "granian"}:
        return figures
    with ExitStack() as until_the_end:
        stand.said("the service and the references start")
        comparison = Comparison(stand, url, until_the_end)
        figures |= {"left_out": comparison.left_out, "versions": comparison.versions}
        for key in (key for key in _WORKS if key in parts):
            stand.said(f"{_WORKS[key].title}, {stages.CLIENTS} clients")
            figures["works"][key] = comparison.work(_WORKS[key])
        for work in _CROWDED if "crowd" in parts else ():
            stand.said(f"{work.title}, {stages.CROWD} clients")
            figures["crowd"][work.key] = comparison.crowd(work)
        figures["resident"] = comparison.resident()
        for work in _CROWDED if "granian" in parts else ():
            stand.said(f"{work.title}, in uvicorn and in granian")
            figures["granian"][work.key] = comparison.granian(work)
    return figures


def _alone(stand: Stand, url: str, parts: frozenset[str]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    if "startup" in parts:
        stand.said("starting the service, importing its application")
        figures["startup"] = stages.startup(stand, url)
    if "bulk" in parts:
        stand.said(f"import of {stand.extent.imported:,} users, and export")
        figures["bulk"] = stages.bulk(stand, url)
    if "sqlite" in parts:
        stand.said(f"the service on SQLite, with {stand.extent.rows:,} users")
        figures["sqlite"] = stages.sqlite(stand)
    if "overload" in parts:
        stand.said("the service at loads that it cannot carry")
        figures["overload"] = stages.overload(stand, url)
    if "flood" in parts:
        stand.said("good clients beside floods of bad credentials")
        figures["flood"] = stages.flood(stand, url)
    if "growth" in parts:
        stand.said("the service on tables of several sizes")
        figures["growth"] = stages.growth(stand)
    return figures


def _asked(arguments: list[str]) -> tuple[Extent, frozenset[str], bool]:
    """How much, which parts, and whether that is all."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure the service against reference programs.")
    parser.add_argument("--quick", action="store_true", help="small tables, short rounds: about two minutes")
    parser.add_argument("--only", metavar="PARTS", help=f"some of {','.join(_PARTS)}, separated by commas")
    asked = parser.parse_args(arguments)
    parts = frozenset(asked.only.split(",") if asked.only else _PARTS)
    if unknown := sorted(parts - set(_PARTS)):
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(_PARTS)}")
    return QUICK if asked.quick else FULL, parts, not asked.quick and parts == set(_PARTS)


def main(arguments: list[str]) -> int:
    """Measure and report; the exit status is 0 even where the service is slower than it should be."""
    extent, parts, whole = _asked(arguments)
    if sys.platform != "linux":
        print("The benchmark reads /proc and places processes on cores, which only Linux has.", file=sys.stderr)
        return 2
    # So that what was started is ended, as it is when the user interrupts.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    said = Progress()
    try:
        figures = measured(extent, parts, said)
    except (BenchmarkFailed, SchemaToolsError, psycopg.Error, OSError, HTTPException) as error:
        print(f"Nothing was written: {str(error) or type(error).__name__}", file=sys.stderr)
        return 1
    print(f"\n{rendered(figures)}\n\n{rendered_overload(figures)}\n\n{rendered_flood(figures)}")
    written = write(figures) if whole else []
    written += [*write_overload(figures), *write_flood(figures)] if extent is FULL else []
    for file in written:
        said(f"written: {file}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
