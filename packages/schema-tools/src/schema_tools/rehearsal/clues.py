"""Clues to the values that a CHECK lets pass: the literals, bounds and patterns in its text."""

import re
import string
import warnings
from collections.abc import Container
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from importlib import import_module
from itertools import chain
from random import Random
from typing import Any, Final

# The only parser of regular expressions in the standard library; it has no types.
_parser: Any = import_module("re._parser")

_STRING: Final = re.compile(r"(?P<escapes>\bE)?'(?P<text>(?:[^']|'')*)'")
_NUMBER: Final = re.compile(r"(?<![\w.'])\d+(?:\.\d+)?(?![\w.'])")
_REGULAR: Final = re.compile(r"(?<!~)!?~(?!~)|regexp|similar|substring", re.IGNORECASE)
_LIKE: Final = re.compile(r"~~|\bLIKE\b|\bGLOB\b", re.IGNORECASE)
_LENGTH: Final = re.compile(r"length|cardinality|bytes|substr|left|right", re.IGNORECASE)
_SAMPLES: Final = 6
_LONGEST: Final = 4_000

# The most repetitions of what is repeated without a bound, beyond the least number, and with one.
_MORE: Final = 4
_MOST_REPETITIONS: Final = 1_000
_PRINTABLE: Final = string.ascii_letters + string.digits + " -_.,:;!?@#"
# Python lacks these: https://www.postgresql.org/docs/current/functions-matching.html#POSIX-BRACKET-EXPRESSIONS
_POSIX: Final = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": " ",
    "blank": " ", "punct": re.escape(string.punctuation), "xdigit": "0-9a-fA-F", "word": r"\w", "print": " -~",
    "graph": "!-~",
}  # fmt: skip
_CONSTRAINT_ESCAPES: Final = frozenset("mMyY")
_CATEGORIES: Final = {"DIGIT": string.digits, "SPACE": " ", "WORD": f"{string.ascii_letters}{string.digits}_"}


@dataclass(frozen=True)
class Clues:
    """What the SQL conditions on a column reveal."""

    conditions: tuple[str, ...] = ()

    @cached_property
    def strings(self) -> tuple[str, ...]:
        """Every string literal, each once."""
        return tuple(dict.fromkeys(_unescaped(found) for text in self.conditions for found in _STRING.finditer(text)))

    @cached_property
    def numbers(self) -> tuple[Decimal, ...]:
        """Every number, quoted ones included, with and without its sign, in ascending order."""
        texts = [found for text in self.conditions for found in _NUMBER.findall(_STRING.sub("''", text))]
        texts += [one for one in self.strings if re.fullmatch(r"-?\d+(\.\d+)?", one)]
        positive = {abs(Decimal(one)) for one in texts}
        return tuple(sorted({*positive, *(-one for one in positive)}))

    @property
    def lengths(self) -> tuple[int, ...]:
        """The numbers that may be lengths, and their neighbours."""
        if not any(_LENGTH.search(text) for text in self.conditions):
            return ()
        whole = {int(number) for number in self.numbers if 0 <= number <= _LONGEST}
        return tuple(sorted({near for number in whole for near in (number - 1, number, number + 1) if near >= 0}))

    def matching(self, random: Random, count: int = _SAMPLES) -> list[str]:
        """Strings that match the patterns, at most `count` for each."""
        found: list[list[str]] = []
        for text in self.conditions:
            literals = list(map(_unescaped, _STRING.finditer(text)))
            if _REGULAR.search(text):
                found += (matching(pattern, random, count) for pattern in literals)
            if _LIKE.search(text):
                found += (_matching_like(pattern, random, count) for pattern in literals)
        return list(chain.from_iterable(found))


def _unescaped(found: re.Match[str]) -> str:
    text = found["text"].replace("''", "'")
    return text.replace("\\\\", "\\") if found["escapes"] else text


def _matching_like(pattern: str, random: Random, count: int) -> list[str]:
    """Strings that match a pattern of LIKE or GLOB."""
    fillers = ("".join(random.choices(string.ascii_lowercase, k=_MORE)) for _ in range(count))
    return list(dict.fromkeys(re.sub("[%*]", one, re.sub("[_?]", one[0], pattern)) for one in fillers))


def matching(pattern: str, random: Random, count: int) -> list[str]:
    """At most `count` different strings that match a regular expression; none when it cannot be parsed.

    Look-arounds and back references are ignored.
    """
    portable = re.sub(r"\\(.)", lambda found: "" if found[1] in _CONSTRAINT_ESCAPES else found[0], pattern)
    portable = re.sub(r"\[:(\w+):\]", lambda found: _POSIX.get(found[1], ""), portable)
    try:
        with warnings.catch_warnings(action="ignore"):
            parsed = _parser.parse(portable)
    except (re.error, OverflowError, RecursionError):
        return []
    return list(dict.fromkeys(_sample(parsed, random) for _ in range(count * 2)))[:count]


def _sample(parsed: Any, random: Random) -> str:
    return "".join(_sample_of(str(kind), value, random) for kind, value in parsed)


def _sample_of(kind: str, value: Any, random: Random) -> str:
    match kind:
        case "LITERAL" | "NOT_LITERAL" | "ANY":
            return random.choice(_members([(kind, value)]))
        case "IN":
            return random.choice(_members(value) or [""])
        case "BRANCH":
            return _sample(random.choice(value[1]), random)
        case "SUBPATTERN":
            return _sample(value[-1], random)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            low = min(value[0], _MOST_REPETITIONS)
            high = low + _MORE if value[1] is _parser.MAXREPEAT else max(low, min(value[1], _MOST_REPETITIONS))
            return "".join(
                _sample(value[2], random) for _ in range(random.choice([low, high, random.randint(low, high)]))
            )
    return ""


def _members(bracketed: Any) -> list[str]:
    """The characters that a part of an expression, or all of it in brackets, matches."""
    members: list[str] = []
    for kind, value in bracketed:
        match str(kind):
            case "LITERAL":
                members += chr(value)
            case "RANGE":
                members += map(chr, range(value[0], value[1] + 1))
            case "CATEGORY":
                *_, negated, category = str(value).split("_")
                members += _others(_CATEGORIES[category]) if negated == "NOT" else _CATEGORIES[category]
            case "NOT_LITERAL":
                members += _others(chr(value))
            case "ANY":
                members += _PRINTABLE
    return _others(members) if str(bracketed[0][0]) == "NEGATE" else members


def _others(members: Container[str]) -> list[str]:
    return [one for one in _PRINTABLE if one not in members]
