"""The name of a user."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from foundation.kernel.errors import InvalidValue
from foundation.kernel.value_object import ValueObject

MAX_NAME_LENGTH: Final = 200

# Control characters, lone surrogates, and the separators that break a line of text.
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# The explicit directional formatting characters (Unicode Standard Annex 9, 2.1 to 2.5): they reorder what follows,
# also outside the name.
_DIRECTIONAL: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Characters that show nothing and are not format characters (category Cf): the property Default_Ignorable_Code_Point,
# with the code points that are reserved for more of them, and the empty Braille pattern.
_INVISIBLE: Final = frozenset(
    [
        *"\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065\u2800\u3164\uffa0",
        *map(chr, [*range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000)]),
    ]
)


class InvalidUserName(InvalidValue):
    """The text cannot be the name of a user."""

    code = "invalid-user-name"


@dataclass(frozen=True, slots=True, order=True)
class UserName(ValueObject[str]):
    """A full name as its bearer writes it: 1 to 200 code points, trimmed, in normalisation form C.

    Raises:
        InvalidUserName: the text is empty, too long, invisible, or contains a control or directional character.
    """

    def __post_init__(self) -> None:
        value = self.value
        # A fast path: most names are printable ASCII, which obeys all the other rules.
        if value.isascii() and value.isprintable() and 0 < len(value.strip()) == len(value) <= MAX_NAME_LENGTH:
            return
        try:
            self.value.encode()
        except UnicodeEncodeError:
            raise InvalidUserName("A name must be valid Unicode text.") from None
        text = unicodedata.normalize("NFC", self.value).strip()
        if not text:
            raise InvalidUserName("A name may not be empty.")
        if len(text) > MAX_NAME_LENGTH:
            raise InvalidUserName(f"A name may have at most {MAX_NAME_LENGTH} characters.")
        # What Python calls printable has none of the characters that are refused: they are in categories of their own,
        # with the directional ones in Cf.
        if not text.isprintable():
            _check_characters(text)
        if not any(map(_is_visible, text)):
            raise InvalidUserName("A name needs at least one visible character.")
        object.__setattr__(self, "value", text)


def _check_characters(text: str) -> None:
    categories = set(map(unicodedata.category, text))
    if not _REFUSED_CATEGORIES.isdisjoint(categories):
        raise InvalidUserName("A name may not contain control characters or line breaks.")
    if not _DIRECTIONAL.isdisjoint(text):
        raise InvalidUserName("A name may not contain characters that override the direction of text.")


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in {"Cf", "Me", "Mn", "Zs"} and character not in _INVISIBLE
