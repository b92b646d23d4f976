"""How wide a text is in a monospaced font, without the font."""

from typing import Final
from unicodedata import category, east_asian_width

_WIDE: Final = frozenset("WF")
_WITHOUT_WIDTH: Final = frozenset({"Mn", "Me", "Cf"})


def cells(text: str) -> int:
    """The width in cells: two for a character of East Asian scripts or an emoji, none for one that joins another.

    Source: https://www.unicode.org/reports/tr11/.
    """
    return sum(_width(one) for one in text)


def shortened(text: str, most: int) -> str:
    """The text in one line, cut with an ellipsis where it takes more than so many cells."""
    text = " ".join(text.split())
    if cells(text) <= most:
        return text
    room, kept = most - 1, 0
    while kept < len(text) and room >= _width(text[kept]):
        room -= _width(text[kept])
        kept += 1
    return text[:kept] + "…"


def _width(character: str) -> int:
    if category(character) in _WITHOUT_WIDTH:
        return 0
    return 2 if east_asian_width(character) in _WIDE else 1
