"""The values of users as JSON schemas (draft 2020-12): what the domain takes, and what it keeps.

Patterns are as `foundation.http.schemas.values` says: they admit all that the domain takes, and the description has
what they cannot say.
"""

from typing import Any, Final

from domain.users.email_address import MAX_ADDRESS_LENGTH, MAX_LABEL_LENGTH, MAX_LOCAL_PART_LENGTH, SPECIAL_USE
from domain.users.user_name import MAX_NAME_LENGTH
from foundation.http.schemas.values import MAX_TEXT_LENGTH


def _address(letters: str) -> str:
    """The pattern of an address whose letters are `letters`: see `domain.users.email_address`.

    It leaves to the description how long the address and its local part may be, and the names that receive no mail.
    """
    atom = rf"[{letters}0-9!#$%&'*+/=?^_`{{|}}~-]{{1,{MAX_LOCAL_PART_LENGTH}}}"
    alnum, any_ = f"[{letters}0-9]", f"[{letters}0-9-]"
    # Of at most four characters, or longer and without hyphens as the third and fourth of them.
    rest = f"{any_}(?:{alnum}{any_}|-{alnum}){any_}{{0,{MAX_LABEL_LENGTH - 5}}}"
    label = f"{alnum}(?:{any_}{{0,2}}{alnum}|{rest}{alnum})?"
    last = f"(?:{alnum}(?:{any_}{{0,2}}|{rest}))?[{letters}]"
    return rf"{atom}(?:\.{atom})*@(?:{label}\.)+{last}"


_EMAIL_EXAMPLES: Final = ["user@example.com"]

# Patterns have no escapes for what is beyond Latin-1, so these are exact within it and admit everything beyond. No text
# can be divided among them in several ways, which some engines would try one after the other.
_BLANK: Final = r"\t-\r\x1c-\x20\x85\xa0"  # what `str.strip` takes off
_AROUND: Final = r"[^\x00-\x08\x0e-\x1b!-~\x7f-\x84\x86-\x9f\xa1-\xff]"  # blanks, and what is beyond
_VISIBLE: Final = r"[!-~\xa1-\xff]"
_WITHIN: Final = r"[^\x00-\x1f\x7f-\x9f]"
_AT_AN_END: Final = r"[^\x00-\x20\x7f-\xa0]"
_BEYOND: Final = r"[^\x00-\xff]"
_NAME_EXAMPLES: Final = ["Ada Lovelace"]

SENT_EMAIL: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": rf"^[ \t\r\n]*{_address('A-Za-z')}[ \t\r\n]*$",
    "maxLength": MAX_TEXT_LENGTH,
    "description": f"An email address in ASCII, of at most {MAX_ADDRESS_LENGTH} characters, {MAX_LOCAL_PART_LENGTH} of "
    "them before the @. A domain that receives no mail is refused, which ends in "
    f"{', '.join(sorted(SPECIAL_USE))}. It is kept without the blanks around it and in lower case.",
    "examples": _EMAIL_EXAMPLES,
}
KEPT_EMAIL: Final[dict[str, Any]] = {
    "type": "string",
    "format": "email",
    "pattern": f"^{_address('a-z')}$",
    "maxLength": MAX_ADDRESS_LENGTH,
    "description": "The email address, in lower case. No other user has it.",
    "examples": _EMAIL_EXAMPLES,
}
SENT_NAME: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": f"^(?:{_AROUND}*{_VISIBLE}(?:{_WITHIN}*{_VISIBLE})?|[{_BLANK}]*{_BEYOND}){_AROUND}*$",
    "maxLength": MAX_TEXT_LENGTH,
    "description": f"A name of 1 to {MAX_NAME_LENGTH} code points, some of them visible, without control "
    "characters and those that reorder text. It is kept without the blanks around it and in normalisation form C, in "
    "which it is counted.",
    "examples": _NAME_EXAMPLES,
}
KEPT_NAME: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": f"^{_AT_AN_END}(?:{_WITHIN}*{_AT_AN_END})?$",
    "minLength": 1,
    "maxLength": MAX_NAME_LENGTH,
    "description": "The name, in normalisation form C.",
    "examples": _NAME_EXAMPLES,
}
