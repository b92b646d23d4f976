"""All faults of production, with one worker and with two: ``python -m faults.run [pytest's arguments]``.

With arguments, it only runs what they name. Without, it writes the table into docs/operations.md when each row of it
was proven by a test, and none failed.
"""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path

from e2e.processes import WORKERS
from faults import programs
from faults.catalogue import FAULTS, PAGE, ROOT, Fault, page_with, table

Outcomes = dict[str, set[str]]


def main() -> int:
    """Run them and return the exit status: 0 when all is as the table says."""
    arguments = sys.argv[1:]
    for missing in programs.missing():
        _say(missing)
    if arguments:
        return _run([*arguments, *([] if any(map(_is_place, arguments)) else _faults())], "1")
    outcomes: Outcomes = defaultdict(set)
    status = 0
    with tempfile.TemporaryDirectory() as directory:
        for workers in ("1", "2"):
            _say(f"with SERVER_WORKERS={workers}:")
            report = Path(directory) / f"{workers}.xml"
            status = _run([*_places(), f"--junitxml={report}"], workers) or status
            _read(report, outcomes)
    unproven = [fault for fault in FAULTS if not _is_proven(fault, outcomes)]
    for fault in unproven:
        _say(f"not proven: {fault.name} ({', '.join(file for file, _ in fault.tests)})")
    if status or unproven:
        _say(f"{PAGE.relative_to(ROOT)} stays as it is")
        return 1
    PAGE.write_text(page_with(table()), encoding="utf-8")
    _say(f"{PAGE.relative_to(ROOT)} has {len(FAULTS)} faults, each proven by tests")
    return 0


def _run(arguments: list[str], workers: str) -> int:
    command = [sys.executable, str(ROOT / "scripts" / "test.py"), *arguments]
    return subprocess.run(command, env=os.environ | {WORKERS: workers}, check=False).returncode


def _is_place(argument: str) -> bool:
    return (ROOT / argument.partition("::")[0]).exists()


def _places() -> list[str]:
    """The files of the tests that the rows name, and all of tests/faults."""
    named = {file for fault in FAULTS for file, _ in fault.tests}
    return [*_faults(), *sorted(file for file in named if not file.startswith("tests/faults/"))]


def _faults() -> list[str]:
    """Each file by its name: those that take long run only when they are named."""
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "faults").rglob("test_*.py"))


def _read(report: Path, outcomes: Outcomes) -> None:
    if not report.exists():
        return
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 -- pytest wrote it
        place = f"{case.get('classname', '')}.{case.get('name')}"
        ended = {child.tag for child in case} & {"failure", "error", "skipped"}
        outcomes[place] |= ended or {"passed"}


def _is_proven(fault: Fault, outcomes: Outcomes) -> bool:
    """Whether, of each of its tests, one passed at least, and none failed."""
    return all(
        "passed" in found and not found & {"failure", "error"}
        for found in (_outcomes_of(file, part, outcomes) for file, part in fault.tests)
    )


def _outcomes_of(file: str, part: str, outcomes: Outcomes) -> set[str]:
    module = file.removesuffix(".py").replace("/", ".")
    return {
        one for place, ended in outcomes.items() if place.startswith(f"{module}.") and part in place for one in ended
    }


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
