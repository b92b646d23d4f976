"""The house knows no furniture: nothing in packages/ names an entity of the service, in code or in text."""

import ast
import re
from collections.abc import Iterable, Mapping

import pytest

from architecture.sources import ROOT, trees


def entities(modules: Mapping[str, ast.Module]) -> set[str]:
    """The names of the entities, as words between underscores: of their modules or packages, and of their classes."""
    found = set()
    for name, tree in modules.items():
        if name.startswith("domain."):
            place = name.split(".")[1]
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and any(_is_entity(base) for base in node.bases):
                    found |= {place, place.removesuffix("s"), in_words(node.name)}
    return found


def _is_entity(base: ast.expr) -> bool:
    return ast.unparse(base).partition("[")[0].rpartition(".")[2] == "Entity"


def in_words(identifier: str) -> str:
    """An identifier of any style in lower case, with underscores between its words."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", identifier).strip("_").lower()


def naming(text: str, names: Iterable[str]) -> set[str]:
    """The words of a text that have one of the names in them."""
    identifiers = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))
    return {one for one in identifiers if any(f"_{name}_" in f"_{in_words(one)}_" for name in names)}


def files_of_packages() -> dict[str, str]:
    """The text of everything that the packages install."""
    return {
        str(file.relative_to(ROOT)): file.read_text(encoding="utf-8")
        for source in ROOT.glob("packages/*/src")
        for file in source.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_the_entities_are_found_where_they_are() -> None:
    planted = {
        "domain.order_lines": ast.parse("class OrderLine(kernel.Entity[LineId]):\n    pass\n"),
        "domain.money": ast.parse("class Money(ValueObject):\n    pass\n"),
    }
    assert entities(trees())
    assert entities(trees() | planted) - entities(trees()) == {"order_lines", "order_line"}


@pytest.mark.parametrize(
    "planted",
    [
        "order_line = 1",
        "class OrderLines: ...",
        "def add_order_line_to(basket): ...",
        '"""Removes the order_lines."""',
        "# of each OrderLine",
        'SELECT = "SELECT * FROM order_lines"',
    ],
)
def test_a_text_that_names_an_entity_is_found(planted: str) -> None:
    (word,) = naming(f"import json\n{planted}\n", {"order_lines", "order_line"})
    assert "line" in word.lower()


def test_the_files_of_the_packages_are_found() -> None:
    files = files_of_packages()
    assert {"packages/foundation/src/foundation/kernel/clock.py"} <= files.keys()
    assert {"packages/schema-tools/src/schema_tools/errors.py"} <= files.keys()


@pytest.mark.parametrize("innocent", ["border_lines = 1", "order = line = 2", "reorder_line", "order_linesman"])
def test_a_word_that_only_resembles_an_entity_is_let_through(innocent: str) -> None:
    assert naming(innocent, {"order_lines", "order_line"}) == set()


def test_the_packages_name_no_entity() -> None:
    names = entities(trees())
    found = {file: naming(text, names) for file, text in files_of_packages().items()}
    assert {file: words for file, words in found.items() if words} == {}
