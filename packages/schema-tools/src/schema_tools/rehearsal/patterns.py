"""Strings that match a regular expression, by PostgreSQL's syntax or Python's.

They are proposals, which the database judges. Look-arounds and back references are passed over.
"""

import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

Sampler: TypeAlias = Callable[[Random], str]

# How often what may be repeated for ever is repeated beyond what it must.
_MORE: Final = 4
_LONGEST: Final = 1_000
_PRINTABLE: Final = string.ascii_letters + string.digits + " -_.,:;!?@#"
_WORD: Final = string.ascii_letters + string.digits + "_"
# https://www.postgresql.org/docs/current/functions-matching.html#POSIX-CLASS-SHORTHAND-ESCAPES-TABLE
_SHORTHANDS: Final = {"d": string.digits, "w": _WORD, "s": " "}
_POSIX: Final = {
    "alpha": string.ascii_letters,
    "digit": string.digits,
    "alnum": string.ascii_letters + string.digits,
    "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase,
    "space": " ",
    "blank": " ",
    "punct": string.punctuation,
    "xdigit": string.hexdigits,
    "word": _WORD,
    "print": _PRINTABLE,
    "graph": _PRINTABLE.replace(" ", ""),
}
_CONTROL: Final = {"n": "\n", "t": "\t", "r": "\r"}
# Constraint escapes match no character.
_EMPTY_ESCAPES: Final = frozenset("AZbByYmMzG")


def matching(pattern: str, random: Random, count: int) -> list[str]:
    """At most `count` different strings that match `pattern`, none when it cannot be read."""
    try:
        sampler = _Reader(pattern).whole()
    except (IndexError, ValueError, RecursionError):
        return []
    return list(dict.fromkeys(sampler(random) for _ in range(count * 2)))[:count]


def matching_like(pattern: str, random: Random, count: int) -> list[str]:
    """At most `count` different strings that match a pattern of LIKE."""
    found: dict[str, None] = {}
    for _ in range(count):
        filler = "".join(random.choice(string.ascii_lowercase) for _ in range(_MORE))
        found[pattern.replace("%", filler).replace("_", filler[0])] = None
    return list(found)


@dataclass
class _Reader:
    """Reads a regular expression from left to right, and gives what makes strings of it."""

    pattern: str
    position: int = 0

    def whole(self) -> Sampler:
        sampler = self._alternatives()
        if self.position < len(self.pattern):
            raise ValueError(f"unbalanced parenthesis in {self.pattern}")
        return sampler

    def _next(self) -> str:
        self.position += 1
        return self.pattern[self.position - 1]

    def _at(self, text: str) -> bool:
        if not self.pattern.startswith(text, self.position):
            return False
        self.position += len(text)
        return True

    def _alternatives(self) -> Sampler:
        branches = [self._sequence()]
        while self._at("|"):
            branches.append(self._sequence())
        return lambda random: random.choice(branches)(random)

    def _sequence(self) -> Sampler:
        parts = []
        while self.position < len(self.pattern) and self.pattern[self.position] not in "|)":
            parts.append(self._quantified(self._atom()))
        return lambda random: "".join(part(random) for part in parts)

    def _quantified(self, atom: Sampler) -> Sampler:
        bounds = self._bounds()
        if bounds is None:
            return atom
        low, high = bounds
        if not self._at("?"):  # A lazy quantifier matches the same strings, and so does a possessive one.
            self._at("+")

        def repeated(random: Random) -> str:
            return "".join(atom(random) for _ in range(random.choice([low, high, random.randint(low, high)])))

        return repeated

    def _bounds(self) -> tuple[int, int] | None:
        for sign, low, high in (("*", 0, _MORE), ("+", 1, 1 + _MORE), ("?", 0, 1)):
            if self._at(sign):
                return low, high
        end = self.pattern.find("}", self.position)
        if not self.pattern.startswith("{", self.position) or end < 0:
            return None
        first, comma, last = self.pattern[self.position + 1 : end].partition(",")
        if not (first or last).isdecimal():
            return None
        self.position = end + 1
        low = min(int(first or 0), _LONGEST)
        high = int(last) if last else (low + _MORE if comma else low)
        return low, max(low, min(high, _LONGEST))

    def _atom(self) -> Sampler:
        character = self._next()
        if character == "(":
            return self._group()
        if character in "^$":
            return lambda _random: ""
        if character == "[":
            return _one_of(self._bracketed())
        if character == ".":
            return _one_of(_PRINTABLE)
        return _one_of(self._escaped()) if character == "\\" else _one_of(character)

    def _group(self) -> Sampler:
        if not self._at("?") or self._at(":"):
            empty = False
        elif self._at("P<") or (self.pattern[self.position] == "<" and self.pattern[self.position + 1] not in "=!"):
            self.position = self.pattern.index(">", self.position) + 1
            empty = False
        else:
            # A look-around, or options such as (?i), which end the group.
            while self.pattern[self.position] not in "=!)":
                self.position += 1
            empty = self.pattern[self.position] != ")"
            self.position += empty
        inner = self._alternatives()
        if self._next() != ")":
            raise ValueError(f"unbalanced parenthesis in {self.pattern}")
        return (lambda _random: "") if empty else inner

    def _escaped(self) -> str:
        character = self._next()
        if character in _EMPTY_ESCAPES or character.isdecimal():
            return ""
        if character in "xu":
            digits = "".join(self._next() for _ in range(2 if character == "x" else 4))
            return chr(int(digits, 16))
        if character.lower() in _SHORTHANDS:
            members = _SHORTHANDS[character.lower()]
            return members if character.islower() else _others(members)
        return _CONTROL.get(character, character)

    def _bracketed(self) -> str:
        negated = self._at("^")
        members = "]" if self._at("]") else ""
        while not self._at("]"):
            if self._at("[:"):
                end = self.pattern.index(":]", self.position)
                members += _POSIX.get(self.pattern[self.position : end], "")
                self.position = end + 2
                continue
            first = self._member()
            is_range = self.pattern[self.position] == "-" and self.pattern[self.position + 1] != "]"
            if is_range and len(first) == 1:
                self.position += 1
                members += "".join(map(chr, range(ord(first), ord(self._member()) + 1)))
            else:
                members += first
        return _others(members) if negated else members

    def _member(self) -> str:
        character = self._next()
        return self._escaped() if character == "\\" else character


def _one_of(members: str) -> Sampler:
    return lambda random: random.choice(members) if members else ""


def _others(members: str) -> str:
    return "".join(character for character in _PRINTABLE if character not in members)
