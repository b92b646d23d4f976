"""Values to try for a column, as text: of its type, its extremes, and those that its CHECKs suggest."""

import json
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from ipaddress import IPv4Address
from itertools import pairwise
from random import Random
from typing import Final
from uuid import UUID

from schema_tools.rehearsal.clues import Clues
from schema_tools.rehearsal.shapes import ValueType

# https://www.postgresql.org/docs/current/datatype-numeric.html
_INTEGERS: Final = {
    "int2": (-(2**15), 2**15 - 1),
    "int4": (-(2**31), 2**31 - 1),
    "int8": (-(2**63), 2**63 - 1),
    "oid": (0, 2**32 - 1),
}
_STRINGS: Final = frozenset({"text", "varchar", "bpchar", "name", "citext", "char"})
_MOMENTS: Final = {"date": "%Y-%m-%d", "timestamp": "%Y-%m-%d %H:%M:%S.%f", "timestamptz": "%Y-%m-%d %H:%M:%S.%f+00"}
# Long enough to find the limits of an unbounded text, and short enough for an index entry.
_LONG: Final = 1_000
_LENGTHS: Final = {"text": _LONG, "citext": _LONG, "name": 63, "char": 1}
_LONG_ENOUGH: Final = 12
_PARTS: Final = 8
_DAY: Final = date(2025, 12, 16)

_WORDS: Final = (
    "word", "Ünï cødé 日本 🙂", "", "ABC", "name@example.com", "https://example.com/a?b=c", "42", "a-slug",
    "+4930123456", "line\nline", "0", "en", "EUR", "2025-12-16", "O'Hara \"%_\\", "a", "{}",
)  # fmt: skip

# One or more texts of each type whose values are not made up of parts.
_FIXED: Final = {
    "bool": ("true", "false"),
    "float4": ("1.5", "-1.5", "0", "3e+38", "0.1"),
    "float8": ("1.5", "-1.5", "0", "1e+300", "0.1"),
    "money": ("12.34", "-5", "0", "92233720368547758.07"),
    "time": ("10:00:00", "23:59:59.999999", "00:00:00"),
    "timetz": ("10:00:00+00", "23:59:59.999999+14", "00:00:00-12"),
    "interval": ("1 day", "1 year 2 mons -3 days 04:05:06.7", "0", "-1 hour", "90 min"),
    "json": ('{"a": 1}', "{}", "[]", '[1, "two", null]', '"text"', "1", "null", '{"ü": {"b": [true]}}'),
    "bytea": ("\\x00ff10", "\\x", "\\x776f7264", "\\x" + "ab" * _LONG),
    "inet": ("192.0.2.1", "2001:db8::1/64", "192.0.2.0/24"),
    "cidr": ("192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0"),
    "macaddr": ("08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff"),
    "macaddr8": ("08:00:2b:01:02:03:04:05", "ff:ff:ff:ff:ff:ff:ff:ff"),
    "point": ("(1,2)", "(0,0)"),
    "line": ("{1,2,3}",),
    "lseg": ("[(0,0),(1,1)]",),
    "box": ("(1,1),(0,0)",),
    "path": ("[(0,0),(1,1)]", "((0,0),(1,1),(1,0))"),
    "polygon": ("((0,0),(1,1),(1,0))",),
    "circle": ("<(0,0),1>",),
    "tsvector": ("'a':1 'word':2", ""),
    "tsquery": ("'a' & 'word'",),
    "xml": ("<a>1</a>",),
    "jsonpath": ("$.a",),
    "pg_lsn": ("0/16B3748",),
    "hstore": ('"a"=>"1"', ""),
    "ltree": ("top.next", "top"),
}
# A value of each number, of types whose values are not made up of parts.
_NUMBERED: Final[Mapping[str, Callable[[int], str]]] = {
    **dict.fromkeys(("json", "jsonb"), lambda number: json.dumps({"number": number})),
    **dict.fromkeys(("inet", "cidr"), lambda number: str(IPv4Address("10.0.0.0") + number % 2**24)),
    **dict.fromkeys(("macaddr", "macaddr8"), lambda number: f"08:00:{number.to_bytes(4).hex(':')}"),
    **dict.fromkeys(("time", "interval"), lambda number: str(timedelta(seconds=number % 86_400))),
    "bytea": lambda number: f"\\x{number:08x}",
}
_UNKNOWN: Final = ("1", "a", "", "{}", "(0,0)", "[1,2,3]", "2025-12-16")


def candidates(kind: ValueType, clues: Clues, random: Random) -> list[str]:
    """Ordinary and extreme values to try, each once."""
    return list(dict.fromkeys([*_of_type(kind, clues, random), *clues.strings]))


def fresh(kind: ValueType, clues: Clues, random: Random, start: int, count: int) -> list[str]:
    """About `count` values, different from those of calls with a lower `start` where the type has enough."""
    numbers = range(start + 1, start + count + 1)
    if kind.family in _INTEGERS or kind.family in {"numeric", "float4", "float8", "money"}:
        bases = {0, *(int(number) for number in clues.numbers)}
        return _within(kind, (Decimal(base + number) for number in numbers for base in sorted(bases, key=abs)))
    if kind.family in _STRINGS:
        limit = _longest(kind)
        drawn = clues.matching(random, count)
        affixed = [text for number in numbers for text in _affixed(clues.strings, f"{number}")]
        plain = [f"word-{number}" if limit > _LONG_ENOUGH else _short(number, limit) for number in numbers]
        return [text for text in [*drawn, *plain, *affixed] if len(text) <= limit]
    return [text for number in numbers for text in _numbered(kind, clues, random, number)]


def _numbered(kind: ValueType, clues: Clues, random: Random, number: int) -> Iterator[str]:
    """The values of the given number, of types other than numbers and strings."""
    family = kind.family
    if family in _NUMBERED:
        yield _NUMBERED[family](number)
    elif family == "uuid":
        yield str(UUID(int=random.getrandbits(128), version=4))
    elif family in _MOMENTS:
        # Seconds as well, so that a range of some days has room for many.
        yield (datetime(2000, 1, 1) + timedelta(days=number, seconds=number)).strftime(_MOMENTS[family])  # noqa: DTZ001
        yield from _days_from(_days(clues), number)
    elif family in {"bit", "varbit"}:
        width = (kind.limits or (1,))[0]
        yield f"{number % 2**width:0{width}b}"
    elif family in {"range", "multirange", "array"} and kind.element is not None:
        yield from _of_parts(kind, fresh(kind.element, clues, random, number * 2, 2))
    elif family == "composite":
        yield _composite([next(iter(fresh(one, clues, random, number, 1)), "") for one in kind.fields])


def _of_type(kind: ValueType, clues: Clues, random: Random) -> Iterator[str]:  # noqa: C901 -- one branch a type
    family = kind.family
    if family == "enum":
        yield from kind.labels
    elif family in _INTEGERS or family == "numeric":
        yield from _numbers(kind, clues)
    elif family in _STRINGS:
        yield from _texts(kind, clues, random)
    elif family in _MOMENTS:
        yield from _moments(family, clues)
    elif family in {"bit", "varbit"}:
        width = (kind.limits or (8,))[0]
        yield from ("1" * width, "0" * width, "10" * (width // 2) + "1" * (width % 2))
        if family == "varbit":
            yield from ("", "1")
    elif family == "uuid":
        yield from (str(UUID(int=random.getrandbits(128), version=4)) for _ in range(8))
    elif family in {"array", "range", "multirange"} and kind.element is not None:
        yield from _of_parts(kind, candidates(kind.element, clues, random)[:_PARTS])
    elif family == "composite":
        parts = [candidates(one, clues, random) for one in kind.fields]
        yield from (_composite([some[at % len(some)] for some in parts]) for at in range(4) if all(parts))
    else:
        yield from _FIXED.get("json" if family == "jsonb" else family, _UNKNOWN)
        if family.startswith("float"):
            yield from (str(near) for number in clues.numbers for near in (number, number + 1, number - 1))
        if family.startswith("json"):
            yield from _documents(clues)


def _numbers(kind: ValueType, clues: Clues) -> list[str]:
    low, high, step = _bounds(kind)
    near = [one for number in clues.numbers for one in (number, number + step, number - step, number + 1, number - 1)]
    small = map(Decimal, ("0", "7", "-1", "100", "0.25"))
    return _within(kind, [Decimal(1), high, low, *small, step, *near])


def _within(kind: ValueType, numbers: Iterable[Decimal]) -> list[str]:
    if kind.family not in {*_INTEGERS, "numeric"}:
        return [f"{number:f}" for number in numbers]
    low, high, step = _bounds(kind)
    return [f"{number.quantize(step):f}" for number in numbers if low <= number <= high and number % step == 0]


def _bounds(kind: ValueType) -> tuple[Decimal, Decimal, Decimal]:
    """The least and the greatest number of a type, and the least distance between two."""
    if kind.family in _INTEGERS:
        low, high = map(Decimal, _INTEGERS[kind.family])
        return low, high, Decimal(1)
    precision, scale = kind.limits if len(kind.limits) > 1 else (20, 4)
    step = Decimal(1).scaleb(-scale)
    # A scale may be negative, or larger than the precision.
    high = step * (10 ** min(precision, 25) - 1)
    return -high, high, step


def _texts(kind: ValueType, clues: Clues, random: Random) -> Iterator[str]:
    limit = _longest(kind)
    # A pattern that the column has to match is the best clue.
    proposals = [*clues.matching(random), *clues.strings, _WORDS[0], "x" * limit, *_WORDS[1:]]
    proposals += ["x" * length for length in clues.lengths if length <= limit]
    proposals += [*_affixed(clues.strings, "a"), "".join(clues.strings)]
    yield from (text for text in dict.fromkeys(proposals) if len(text) <= limit)
    if all(len(text) > limit for text in _WORDS if text):
        yield from ("x"[:limit], "7"[:limit])


def _affixed(strings: Iterable[str], affix: str) -> list[str]:
    return [made for text in strings for made in (f"{affix}{text}", f"{text}{affix}", f"{affix}{text}{affix}")]


def _longest(kind: ValueType) -> int:
    return min(kind.limits[0] if kind.limits else _LENGTHS.get(kind.family, _LONG), 4 * _LONG)


def _short(number: int, limit: int) -> str:
    digits = string.digits + string.ascii_lowercase
    places = (number // len(digits) ** power % len(digits) for power in reversed(range(limit)))
    return "".join(digits[place] for place in places)


def _moments(family: str, clues: Clues) -> Iterator[str]:
    # Far enough from the type's own ends for a trigger or a report that adds to them.
    for day in (_DAY, date(2999, 12, 31), date(1900, 1, 1), date(2024, 2, 29)):
        yield f"{day}" if family == "date" else f"{day} 10:00:00.123456{'+00' if family == 'timestamptz' else ''}"
    yield from _days_from(_days(clues), 0, 1, -1)
    yield str(date.max.replace(year=date.max.year - 1))


def _days(clues: Clues) -> list[date]:
    found = []
    for text in clues.strings:
        with suppress(ValueError):
            found.append(datetime.fromisoformat(text).date())
    return found


def _documents(clues: Clues) -> Iterator[str]:
    values: tuple[object, ...] = (1, "a", True, [], {}, None, *clues.strings)
    yield from (json.dumps(dict.fromkeys(clues.strings, value)) for value in values if clues.strings)
    yield from (json.dumps({key: value}) for key in clues.strings for value in values)


def _of_parts(kind: ValueType, parts: list[str]) -> Iterator[str]:
    if kind.family == "array":
        yield from (_array(parts[:1]), "{}", _array(parts[1:4]), _array([*parts[:1], *parts[:1]]))
        return
    try:
        ordered = sorted(parts, key=Decimal)
    except InvalidOperation:
        ordered = sorted(parts)
    ranges = [f"[{_quoted(low)},{_quoted(high)})" for low, high in pairwise(ordered)]
    if kind.family == "multirange":
        yield from ("{%s}" % one for one in [*ranges, ""])  # noqa: UP031 -- braces are a multirange's own
    else:
        yield from ranges
        yield from ("empty", "(,)", *(f"[{_quoted(low)},)" for low in ordered[:1]))


def _array(values: list[str]) -> str:
    return "{%s}" % ",".join(map(_quoted, values))  # noqa: UP031 -- braces are an array's own


def _composite(values: list[str]) -> str:
    return f"({','.join(map(_quoted, values))})"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _days_from(bases: Iterable[date], *distances: int) -> Iterator[str]:
    for base in bases:
        for days in distances:
            with suppress(OverflowError):  # a clue may be the first or the last day that there is
                yield (base + timedelta(days=days)).isoformat()
