"""Every pattern of the document is understood alike by the engines that gateways, validators and clients have."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

from node_packages import run_node
from openapi.documents import examples, nodes

# Properties, code points beyond two digits, anchors and references back; then look-around, named and possessive groups.
_ESCAPES = re.compile(r"\\[pPuUkbBAzZG1-9]|\\x(?![0-9a-f]{2})")
_OPERATORS = re.compile(r"\(\?(?!:)|[*+?}]\+")
_CLASS = re.compile(r"\[(?:\\.|[^\]\\])*\]")
_REPEATED = re.compile(r"\{(\d+)(?:,(\d+)?)?\}")
_MOST_REPETITIONS = 1000  # of RE2
_COMPILE = """\
const patterns = JSON.parse(process.argv[2]);
const texts = JSON.parse(process.argv[3]);
console.log(JSON.stringify(patterns.map((pattern, i) => texts[i].map((text) => new RegExp(pattern, "u").test(text)))));
"""


def texts_by_pattern(document: dict[str, Any]) -> dict[str, list[str]]:
    """Every pattern, with texts that may or may not match it."""
    found: dict[str, list[str]] = {
        node["pattern"]: ["", "a", "A b", "é\t", "日本", "-", "0", "a@b.co", "a" * 70]
        for _path, node in nodes(document)
        if isinstance(node.get("pattern"), str)
    }
    for _path, schema, value in examples(document):
        if schema.get("pattern") in found and isinstance(value, str):
            found[schema["pattern"]].append(value)
    return found


def uncommon(pattern: str) -> Iterator[str]:
    """What of the pattern not every engine understands."""
    yield from _ESCAPES.findall(pattern)
    yield from _OPERATORS.findall(_CLASS.sub("[]", pattern))
    for match in _REPEATED.finditer(pattern):
        if max(int(number) for number in match.groups(default="0")) > _MOST_REPETITIONS:
            yield match[0]


def test_the_patterns_have_nothing_that_only_some_engines_understand(document: dict[str, Any]) -> None:
    patterns = texts_by_pattern(document)
    assert len(patterns) > 20
    assert {pattern: found for pattern in patterns if (found := list(uncommon(pattern)))} == {}


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)", "(?!a)", "(?<!a)", "(?P<a>b)", r"\p{L}", r"\u00e9", r"\x{e9}", r"(a)\1", "a++", "[a]{2}+", "a{64,6144}"],
)
def test_a_pattern_that_only_some_engines_understand_would_be_noticed(pattern: str) -> None:
    assert list(uncommon(pattern))


def test_python_ecmascript_and_an_engine_without_backtracking_agree_about_them(
    document: dict[str, Any], tmp_path: Path
) -> None:
    texts = texts_by_pattern(document)
    python = [[re.search(pattern, text) is not None for text in those] for pattern, those in texts.items()]
    automaton = [[_admits(pattern, text) for text in those] for pattern, those in texts.items()]
    script = tmp_path / "compile.mjs"
    script.write_text(_COMPILE, encoding="utf-8")
    node = run_node(script, json.dumps(list(texts)), json.dumps(list(texts.values())), cwd=tmp_path)
    assert python == automaton == json.loads(node.stdout), node.stderr
    assert any(map(any, python))


def test_an_engine_without_backtracking_would_refuse_a_look_ahead() -> None:
    with pytest.raises(ValidationError):
        _admits("(?!a)", "a")


@pytest.mark.parametrize(
    "pumped", ["a", "A", "0", "-", " ", "\t", "a.", "a-", '"",', "W/", "日", "日 ", "\u3000\t", "é\x85"]
)
@pytest.mark.parametrize("prefix", ["", "a", "a@", "2025-", '"'])
def test_an_engine_that_tries_all_ways_is_soon_done(document: dict[str, Any], prefix: str, pumped: str) -> None:
    for pattern in texts_by_pattern(document):
        began = time.process_time()
        re.search(pattern, prefix + pumped * (1000 // len(pumped)) + "\x00")
        assert time.process_time() - began < 1, pattern


def test_a_pattern_that_can_be_matched_in_many_ways_would_take_long() -> None:
    began = time.process_time()
    re.search("^(?:a|a)*$", "a" * 22 + "\x00")
    assert time.process_time() - began > 0.05


def _admits(pattern: str, text: str) -> bool:
    """Whether it matches for the engine of Rust, whose syntax is that of RE2."""
    schema = {"type": "string", "pattern": pattern}
    return Draft202012Validator(schema, pattern_options=RegexOptions()).is_valid(text)
