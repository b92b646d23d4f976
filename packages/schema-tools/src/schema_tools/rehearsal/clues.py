"""What the text of a CHECK tells about the values that it lets pass: literals, bounds, patterns."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from random import Random
from typing import Final

from schema_tools.rehearsal.patterns import matching, matching_like

_STRING: Final = re.compile(r"(?P<escapes>\bE)?'(?P<text>(?:[^']|'')*)'")
_NUMBER: Final = re.compile(r"(?<![\w.'])\d+(?:\.\d+)?(?![\w.'])")
_REGULAR: Final = re.compile(r"(?<!~)!?~(?!~)|regexp|similar|substring", re.IGNORECASE)
_LIKE: Final = re.compile(r"~~|\bLIKE\b|\bGLOB\b", re.IGNORECASE)
_LENGTH: Final = re.compile(r"length|cardinality|bytes|substr|left|right", re.IGNORECASE)
_SAMPLES: Final = 6
_LONGEST: Final = 4_000


@dataclass(frozen=True)
class Clues:
    """What the conditions on a column say, in SQL."""

    conditions: tuple[str, ...] = ()

    @cached_property
    def strings(self) -> tuple[str, ...]:
        """Every string literal, each once."""
        return tuple(dict.fromkeys(_unescaped(found) for text in self.conditions for found in _STRING.finditer(text)))

    @cached_property
    def numbers(self) -> tuple[Decimal, ...]:
        """Every number, with and without its sign, those in quotes as well, in ascending order."""
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
        """Strings that match the patterns."""
        found: list[str] = []
        for text in self.conditions:
            literals = list(map(_unescaped, _STRING.finditer(text)))
            if _REGULAR.search(text):
                found += _each(matching(pattern, random, count) for pattern in literals)
            if _LIKE.search(text):
                patterns = (literal.replace("*", "%").replace("?", "_") for literal in literals)
                found += _each(matching_like(pattern, random, count) for pattern in patterns)
        return found


def _unescaped(found: re.Match[str]) -> str:
    text = found["text"].replace("''", "'")
    return text.replace("\\\\", "\\") if found["escapes"] else text


def _each(samples: Iterable[list[str]]) -> list[str]:
    return [one for some in samples for one in some]
