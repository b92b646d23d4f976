"""Keeps spreadsheets from running what is only text (CWE-1236)."""

import re
from typing import Final

# A cell that begins with one of these is a formula to a spreadsheet, and an apostrophe makes it a text. Apostrophes
# before it count, so that what was escaped and what only looks so can be told apart.
_FORMULA: Final = re.compile(r"'*+[=+\-@\t\r]")
_FORMULA_LINE: Final = re.compile(r"\n'*+[=+\-@\t\r]")
_ESCAPED: Final = re.compile(r"'++[=+\-@\t\r]")


def escaped(value: str) -> str:
    """The value as a cell that no spreadsheet runs."""
    return f"'{value}" if _FORMULA.match(value) else value


def unescaped(cell: str) -> str:
    """The value that `escaped` wrote as this cell."""
    return cell[1:] if cell[:1] == "'" and _ESCAPED.match(cell) else cell


def begins_formula(text: str) -> bool:
    """Whether a line of the text, other than the first, begins as a formula does."""
    return _FORMULA_LINE.search(text) is not None
