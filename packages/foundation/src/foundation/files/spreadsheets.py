"""Keeps spreadsheets from running what is only text (CWE-1236)."""

import re
from typing import Final

# A cell that begins with one of these is a formula to a spreadsheet, and an apostrophe makes it a text. Those of full
# width are formulas in the East Asian editions, and a bar begins a command in older ones. Apostrophes before it count,
# so that what was escaped and what only looks so can be told apart.
_BEGINNING: Final = r"[=+\-@|\t\r\uff1d\uff0b\uff0d\uff20]"
_FORMULA: Final = re.compile(rf"'*+{_BEGINNING}")
_FORMULA_LINE: Final = re.compile(rf"\n'*+{_BEGINNING}")
_ESCAPED: Final = re.compile(rf"'++{_BEGINNING}")


def escaped(value: str) -> str:
    """The value as a cell that no spreadsheet runs."""
    return f"'{value}" if _FORMULA.match(value) else value


def unescaped(cell: str) -> str:
    """The value that `escaped` wrote as this cell."""
    return cell[1:] if cell[:1] == "'" and _ESCAPED.match(cell) else cell


def begins_formula(text: str) -> bool:
    """Whether a line of the text, other than the first, begins as a formula does."""
    return _FORMULA_LINE.search(text) is not None
