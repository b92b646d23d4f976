"""The values of users as JSON schemas (draft 2020-12): what the domain takes, and what it keeps.

Patterns are regular expressions of ECMA-262 with the flag u, as JSON Schema asks (Core, 6.4).
"""

from typing import Any, Final

from domain.users.email_address import MAX_ADDRESS_LENGTH, MAX_LABEL_LENGTH, MAX_LOCAL_PART_LENGTH, SPECIAL_USE
from domain.users.user_name import MAX_NAME_LENGTH
from foundation.http.schemas.values import MAX_TEXT_LENGTH


def _in_any_case(word: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" for letter in word)


def _address(letters: str, special_use: list[str]) -> str:
    """The pattern of an address whose letters are `letters`: see `domain.users.email_address`."""
    atom = rf"[{letters}0-9!#$%&'*+/=?^_`{{|}}~-]+"
    within = rf"[{letters}0-9-]{{0,{MAX_LABEL_LENGTH - 2}}}"
    label = rf"(?!..--)[{letters}0-9](?:{within}[{letters}0-9])?"
    last = rf"(?!..--)(?!(?:{'|'.join(special_use)})(?:[ \t\r\n]|$))(?:[{letters}0-9]{within})?[{letters}]"
    return (
        rf"(?=[^@]{{1,{MAX_LOCAL_PART_LENGTH}}}@)(?=[^ \t\r\n]{{1,{MAX_ADDRESS_LENGTH}}}(?:[ \t\r\n]|$))"
        rf"{atom}(?:\.{atom})*@(?:{label}\.)+{last}"
    )


_SENT_ADDRESS: Final = _address("A-Za-z", [_in_any_case(name) for name in sorted(SPECIAL_USE)])
_KEPT_ADDRESS: Final = _address("a-z", sorted(SPECIAL_USE))
_EMAIL_EXAMPLES: Final = ["user@example.com"]

# What `str.strip` takes off.
_BLANK: Final = r"[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_REFUSED: Final = r"\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069"
# See `domain.users.user_name`, which has no table of the property Default_Ignorable_Code_Point and so spells it out.
_INVISIBLE: Final = r"\p{Cf}\p{Me}\p{Mn}\p{Zs}\p{Default_Ignorable_Code_Point}\u2800"
_VISIBLE_TEXT: Final = rf"[^{_REFUSED}]*[^{_REFUSED}{_INVISIBLE}][^{_REFUSED}]*"
_NAME_EXAMPLES: Final = ["Ada Lovelace"]

SENT_EMAIL: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": rf"^[ \t\r\n]*{_SENT_ADDRESS}[ \t\r\n]*$",
    "maxLength": MAX_TEXT_LENGTH,
    "description": f"An email address in ASCII, of at most {MAX_ADDRESS_LENGTH} characters, {MAX_LOCAL_PART_LENGTH} of "
    "them before the @. It is kept without the blanks around it and in lower case.",
    "examples": _EMAIL_EXAMPLES,
}
KEPT_EMAIL: Final[dict[str, Any]] = {
    "type": "string",
    "format": "email",
    "pattern": f"^{_KEPT_ADDRESS}$",
    "maxLength": MAX_ADDRESS_LENGTH,
    "description": "The email address, in lower case. No other user has it.",
    "examples": _EMAIL_EXAMPLES,
}
SENT_NAME: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": f"^{_BLANK}*{_VISIBLE_TEXT}{_BLANK}*$",
    "allOf": [{"pattern": rf"^{_BLANK}*[\s\S]{{1,{MAX_NAME_LENGTH}}}{_BLANK}*$"}],
    "maxLength": MAX_TEXT_LENGTH,
    "description": f"A name of 1 to {MAX_NAME_LENGTH} code points, some of them visible, without control characters. "
    "It is kept without the blanks around it and in normalisation form C, in which it is counted.",
    "examples": _NAME_EXAMPLES,
}
KEPT_NAME: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": f"^{_VISIBLE_TEXT}$",
    "minLength": 1,
    "maxLength": MAX_NAME_LENGTH,
    "description": "The name, in normalisation form C.",
    "examples": _NAME_EXAMPLES,
}
