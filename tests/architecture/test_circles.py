"""No module imports one that imports it, and within the schema tools no package does."""

import ast

import pytest

from architecture.import_graph import circles, graph_of, of_packages
from architecture.sources import trees


@pytest.mark.parametrize(
    ("source", "finds"),
    [
        ("from schema_tools.failures import explained", True),
        ("import schema_tools.failures", True),
        ("from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from schema_tools import failures", True),
        ("class Late:\n    import schema_tools.failures", True),
        ("def late():\n    from schema_tools import failures", False),
        ("from schema_tools.findings import Finding", False),
    ],
)
def test_a_module_that_imports_one_that_imports_it_is_found(source: str, *, finds: bool) -> None:
    before = circles(graph_of(trees()))
    assert not any("schema_tools.errors" in circle for circle in before)

    found = circles(graph_of(trees() | {"schema_tools.errors": ast.parse(source)})) - before

    assert any({"schema_tools.errors", "schema_tools.failures"} <= circle for circle in found) is finds


def test_a_package_that_imports_one_that_imports_it_is_found() -> None:
    modules = {
        "tools.errors": "",
        "tools.reading.words": "import tools.errors",
        "tools.reading.files": "from tools.reading import words",
        "tools.writing.pages": "from tools.reading.words import Word",
        "tools.writing.pens": "",
    }
    planted = modules | {"tools.reading.files": "from tools.writing.pens import Pen"}

    def found(sources: dict[str, str]) -> set[frozenset[str]]:
        return circles(of_packages(graph_of({name: ast.parse(text) for name, text in sources.items()}), "tools"))

    assert found(modules) == set()
    assert found(planted) == {frozenset({"tools.reading", "tools.writing"})}


def test_a_name_that_is_imported_leads_to_the_module_that_has_it() -> None:
    sources = {"a": "from b import name", "b": "import a.c, json", "a.c": ""}
    assert graph_of({name: ast.parse(text) for name, text in sources.items()}) == {
        "a": {"b"},
        "b": {"a.c"},
        "a.c": set(),
    }


def test_no_module_is_in_a_circle_of_imports() -> None:
    assert circles(graph_of(trees())) == set()


def test_no_package_of_the_schema_tools_imports_one_that_imports_it() -> None:
    assert circles(of_packages(graph_of(trees()), "schema_tools")) == set()
