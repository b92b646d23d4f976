"""Which test holds the service to which line of `docs/http-api.md`.

Each bullet and each row of a table states a rule. A comment at its end names its tests: those of this package by their
names alone, another one as `tests/file.py::test_name because` and the reason.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = Path(__file__).parent
# What they test is the page, not the service.
_OF_THE_PAGE: Final = frozenset({"test_the_page.py", "test_transcripts.py"})
_COMMENT: Final = re.compile(r"<!-- (.*?) -->", re.DOTALL)
_ID: Final = re.compile(r"http_contract/(?P<file>test_\w+\.py)::(?P<name>test_\w+)(?:\[(?P<parameters>.*)\])?$")


@dataclass(frozen=True)
class ContractTest:
    """A test of this package: what it is run with, and why it is not run on every storage, where it says so."""

    parameters: frozenset[str]
    reason: str | None = None

    def lacks(self, storage: str) -> bool:
        """Whether it is not run on this storage."""
        return not any(f"-{storage}-" in f"-{parameters}-" for parameters in self.parameters)


def contract_tests(collected: Iterable[str]) -> dict[str, ContractTest]:
    """The tests of this package by name.

    `collected` are the ids of the tests of this run. When it has not all of them, pytest is asked anew.
    """
    parameters = _parameters(collected)
    if parameters.keys() != {name for name, _reason in _contract_functions()}:
        # Some were left out, or they are not written as functions of a module, which is for the page to fail on.
        parameters = _parameters(_all_ids())
    reasons = dict(_contract_functions())
    return {name: ContractTest(frozenset(found), reasons.get(name)) for name, found in parameters.items()}


def _all_ids() -> list[str]:
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", str(PACKAGE)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return listed.stdout.splitlines()


def _parameters(ids: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in ids:
        match = _ID.search(one)
        if match and match["file"] not in _OF_THE_PAGE:
            found.setdefault(match["name"], set()).add(match["parameters"] or "")
    return found


def _contract_functions() -> Iterator[tuple[str, str | None]]:
    for file in PACKAGE.glob("test_*.py"):
        if file.name not in _OF_THE_PAGE:
            of_all = _markers_of_all_tests(file)
            for function in _tests_in(file):
                markers = [*of_all, *(ast.unparse(decorator) for decorator in function.decorator_list)]
                yield function.name, next((one for one in markers if ".fewer_storages(" in one), None)


def _markers_of_all_tests(file: Path) -> list[str]:
    nodes = ast.parse(file.read_text(encoding="utf-8")).body
    return [ast.unparse(node.value) for node in nodes if isinstance(node, ast.Assign) and _is_named(node, "pytestmark")]


def _is_named(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def _tests_in(file: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    nodes = ast.parse(file.read_text(encoding="utf-8")).body if file.is_file() else []
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [function for function in functions if function.name.startswith("test_")]


def rules(page: str) -> list[str]:
    """The bullets and the rows of the tables, each with its comment."""
    found: list[str] = []
    lines = page.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        is_row = line.startswith("|") and not line.startswith("|--") and not following.startswith("|--")
        if line.startswith("- ") or is_row:
            found.append(line)
        elif line.startswith("  ") and found:
            found[-1] += f" {line.strip()}"
    return found


def faults(page: str, tests: Mapping[str, ContractTest], storages: list[str]) -> list[str]:
    """What is wrong between the page and the tests; empty when every rule is tested, and every test has its rule."""
    found: list[str] = []
    named: set[str] = set()
    for rule in rules(page):
        comment = _COMMENT.search(rule)
        if comment is None or not comment[1].strip():
            found.append(f"names no test: {rule}")
            continue
        names, because, _reason = comment[1].partition(" because ")
        for name in names.split():
            found += _faults_of(name, tests, has_reason=bool(because))
            named.add(name)
    found += [f"is named by no rule: {name}" for name in sorted(tests.keys() - named)]
    for name, test in tests.items():
        lacking = [storage for storage in storages if test.lacks(storage)]
        if lacking and not test.reason:
            found.append(f"{name} does not run on {', '.join(lacking)}, and does not say why")
        if test.reason and not lacking:
            found.append(f"{name} runs on every storage, and says why not")
    return found


def _faults_of(name: str, tests: Mapping[str, ContractTest], *, has_reason: bool) -> list[str]:
    if "::" not in name:
        return [] if name in tests else [f"there is no test {name}"]
    file, _, function = name.partition("::")
    if function not in {test.name for test in _tests_in(ROOT / file)}:
        return [f"there is no test {name}"]
    return [] if has_reason else [f"says not why it is tested elsewhere: {name}"]
