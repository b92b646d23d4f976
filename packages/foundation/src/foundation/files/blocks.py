"""Reads the lines of a block together, as far as they are written as nearly all are.

One search over a block of lines, instead of a call for each, makes reading them two to three times as fast.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, count, zip_longest
from operator import add

from foundation.files.lines import MAX_LINE_LENGTH
from foundation.files.schema import Columns, NewT, ReadLine


def read_together(
    columns: Columns[NewT],
    ordinary: re.Pattern[str],
    lines: bytes,
    *,
    first: int,
    read_other: Callable[[int, str], ReadLine[NewT]],
) -> Iterator[ReadLine[NewT]] | None:
    """The records of the lines, of which `first` is the number of the first.

    The expression `ordinary` matches a whole line with its line feed; its groups are the texts of the `columns`, and
    one that takes no part in the match is null.
    A line that it does not match is left to `read_other`. None when each line must be read by itself: one of them may
    be too long, or is not UTF-8.
    """
    if len(lines) > MAX_LINE_LENGTH:
        return None
    try:
        parts = ordinary.split(lines.decode())
    except UnicodeDecodeError:
        return None
    width = 1 + len(columns.fields)
    # Before and after each ordinary line there are others, or none.
    others = parts[::width]
    texts = [parts[place::width] for place in range(1, width)]
    if not any(others):
        return iter(columns.read_all(range(first, first + len(others) - 1), texts))
    before = accumulate(text.count("\n") for text in others[:-1])
    numbers = list(map(add, count(first), before))
    return _merged(others, columns.read_all(numbers, texts), first, read_other)


def _merged(
    others: Sequence[str],
    ordinary: Iterable[ReadLine[NewT]],
    number: int,
    read_other: Callable[[int, str], ReadLine[NewT]],
) -> Iterator[ReadLine[NewT]]:
    for between, record in zip_longest(others, ordinary):
        # Any line break but a line feed may stand within a line.
        for line in between.split("\n")[:-1]:
            yield read_other(number, line)
            number += 1
        if record is not None:
            yield record
            number += 1
