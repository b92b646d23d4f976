"""Each line of the tables in docs/security.md names a test that there is."""

import re

from architecture.sources import ROOT

PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`((?:packages/[a-z-]+/)?tests/[\w/]+\.py)(?:::(\w+))?` \|$", re.MULTILINE)


def rows() -> list[str]:
    """The rows of the tables whose last column is a test, without their heads."""
    tables = re.findall(r"^\|.*\| test \|\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [row for table in tables for row in table.splitlines()]


def test_each_line_names_a_test() -> None:
    assert len(rows()) > 35
    assert [row for row in rows() if not NAMED.search(row)] == []


def test_each_test_that_is_named_is_there() -> None:
    def is_there(path: str, name: str) -> bool:
        file = ROOT / path
        return file.is_file() and (not name or f"def {name}(" in file.read_text(encoding="utf-8"))

    named = [(match[1], match[2] or "") for row in rows() for match in NAMED.finditer(row)]
    assert [one for one in named if not is_there(*one)] == []
