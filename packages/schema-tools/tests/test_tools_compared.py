"""The page that compares these tools with others has every fault and tool, and what it says of these tools is true."""

import json
import re
from pathlib import Path

import pytest

from compared_tools import TOOLS, stopped
from planted_faults import FAULTS, Fault, Shop
from tool_commands import tools

PAGE = Path(__file__).parents[1] / "docs" / "comparison.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text("utf-8").splitlines()
    if line.startswith("|") and not line.startswith("|---")
]
NAMES = [fault.name for fault in FAULTS]
HEAD, *FOUND = ROWS[: len(FAULTS) + 1]
OURS = "schema-tools"
COULD_NOT_RUN = 2


def test_the_page_has_every_fault_and_every_tool() -> None:
    assert ["planted fault", *(tool.name for tool in TOOLS)] == HEAD
    assert [row[0] for row in FOUND] == NAMES
    assert {len(row) for row in FOUND} == {len(HEAD)}
    assert {cell for row in FOUND for cell in row[1:]} <= {"yes", "no", "not run"}
    assert [row[0] for row in ROWS if row[0] in NAMES] == NAMES * 2


def test_the_sums_are_those_of_the_rows() -> None:
    (sums,) = [row for row in ROWS if row[0] == f"**of {len(FAULTS)}**"]
    columns = list(zip(*(row[1:] for row in FOUND), strict=True))
    assert sums[1:] == ["not run" if "not run" in column else f"**{column.count('yes')}**" for column in columns]


def test_the_readme_has_the_sums_of_the_page() -> None:
    (sums,) = [row for row in ROWS if row[0] == f"**of {len(FAULTS)}**"]
    numbers = {name: cell.strip("*") for name, cell in zip(HEAD[1:], sums[1:], strict=True)}
    readme = " ".join((PAGE.parents[1] / "README.md").read_text("utf-8").split())

    assert f"plants {len(FAULTS)} small faults" in readme
    assert f"These tools find {numbers[OURS]}," in readme
    for name in ("pytest-alembic", "alembic-gauntlet", "alembic-utils"):
        assert f"{name} {numbers[name]}," in readme
    assert f"Alembic's own `check` {numbers['Alembic check']}," in readme
    assert numbers["squawk"] == numbers["alembic-guard"]
    assert f"squawk and alembic-guard {numbers['squawk']} each" in readme


def test_what_was_not_run_has_a_reason() -> None:
    page = PAGE.read_text("utf-8")
    missing = {name for row in FOUND for name, cell in zip(HEAD[1:], row[1:], strict=True) if cell == "not run"}
    assert [name for name in missing if f"\n{name} was not run: " not in page] == []


def said_of(shop: Shop, directory: Path) -> set[str]:
    """What `check` says of a project."""
    directory.mkdir()
    shop.write(directory)
    assert tools("lock", cwd=directory).returncode == 0
    shop.edit(directory)
    done = tools("check", "--format", "json", cwd=directory)
    if done.returncode == COULD_NOT_RUN:
        return set(stopped(done.stderr))
    return {one["rule"] for check in json.loads(done.stdout)["checks"] for one in check["findings"]}


def said_on_the_page(fault: Fault) -> set[str]:
    """What the page has of these tools for a fault."""
    (row,) = [row for row in ROWS[len(FAULTS) + 1 :] if row[0] == fault.name]
    ours = re.search(rf"\*\*{OURS}\*\* ([^;]*)", row[1])
    return set(re.findall(r"`([^`]+)`", ours[1])) if ours else set()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_our_column_is_true(fault: Fault, tmp_path: Path) -> None:
    (cells,) = [row for row in FOUND if row[0] == fault.name]

    said = said_of(fault.faulty, tmp_path / "faulty") - said_of(fault.sound, tmp_path / "sound")

    assert said == said_on_the_page(fault)
    assert cells[HEAD.index(OURS)] == ("yes" if said else "no")
