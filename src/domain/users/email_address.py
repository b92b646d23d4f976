"""The email address of a user."""

import re
from dataclasses import dataclass
from typing import Final

from foundation.kernel.errors import InvalidValue
from foundation.kernel.value_object import ValueObject

# RFC 5321, 4.5.3.1.1 and 4.5.3.1.3, the latter less the two angle brackets of a path.
MAX_LOCAL_PART_LENGTH: Final = 64
MAX_ADDRESS_LENGTH: Final = 254
# RFC 1035, 2.3.4, as text without the root's dot.
MAX_DOMAIN_LENGTH: Final = 253
MAX_LABEL_LENGTH: Final = 63

# dot-atom of RFC 5322, 3.2.3; quoted local parts are legal there and useless in practice.
_LOCAL_PART: Final = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
# RFC 1123, 2.1.
_DOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
# Names that never receive mail: RFC 6761, 6762 and 7686, and the infrastructure domain of RFC 3172.
SPECIAL_USE: Final = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
# A fast path for nearly every address: whatever matches obeys all the rules below, but for its length. It has no hyphen
# in its domain and no digit in its top-level domain. Long lists are read twice as fast with it.
_ORDINARY: Final = re.compile(
    rf"(?=[^@]{{1,{MAX_LOCAL_PART_LENGTH}}}@){_LOCAL_PART.pattern}@"
    rf"(?:[a-z0-9]{{1,{MAX_LABEL_LENGTH}}}\.)+(?!(?:{'|'.join(sorted(SPECIAL_USE))})\Z)[a-z]{{1,{MAX_LABEL_LENGTH}}}"
)


class InvalidEmailAddress(InvalidValue):
    """The text is not an email address that this service accepts."""

    code = "invalid-email-address"


@dataclass(frozen=True, slots=True, order=True)
class EmailAddress(ValueObject[str]):
    """One ASCII addr-spec (RFC 5322, 3.4.1), trimmed and in lower case.

    Dots and plus signs are kept, since only the receiving host knows what they mean. A display name, a comment,
    a quoted local part or an address literal is refused.

    Raises:
        InvalidEmailAddress: the text is no such address; the message says which rule it breaks.
    """

    def __post_init__(self) -> None:
        if len(self.value) <= MAX_ADDRESS_LENGTH and _ORDINARY.fullmatch(self.value):
            return
        if not self.value.isascii():
            raise InvalidEmailAddress("An email address may contain ASCII characters only.")
        text = self.value.strip(" \t\r\n").lower()
        if len(text) > MAX_ADDRESS_LENGTH:
            raise InvalidEmailAddress(f"An email address may have at most {MAX_ADDRESS_LENGTH} characters.")
        local_part, at_sign, domain = text.rpartition("@")
        if not at_sign:
            raise InvalidEmailAddress("An email address needs an @ between a local part and a domain.")
        _check_local_part(local_part)
        _check_domain(domain)
        object.__setattr__(self, "value", text)


def _check_local_part(local_part: str) -> None:
    if len(local_part) > MAX_LOCAL_PART_LENGTH:
        raise InvalidEmailAddress(f"The part before the @ may have at most {MAX_LOCAL_PART_LENGTH} characters.")
    if not _LOCAL_PART.fullmatch(local_part):
        raise InvalidEmailAddress(
            "The part before the @ must be letters, digits and !#$%&'*+/=?^_`{|}~-, with single dots between."
        )


def _check_domain(domain: str) -> None:
    labels = domain.split(".")
    if len(domain) > MAX_DOMAIN_LENGTH or max(map(len, labels)) > MAX_LABEL_LENGTH:
        raise InvalidEmailAddress(
            f"The part after the @ may have at most {MAX_DOMAIN_LENGTH} characters, {MAX_LABEL_LENGTH} between two "
            "dots."
        )
    if not _DOMAIN.fullmatch(domain):
        raise InvalidEmailAddress("The part after the @ must be a domain name such as example.com.")
    if "--" in domain and any(label[2:4] == "--" for label in labels):
        # RFC 5890, 2.3.1. Judging the encoded name takes the tables of IDNA 2008, which the standard library lacks.
        raise InvalidEmailAddress("Internationalised domain names are not accepted.")
    if labels[-1] in SPECIAL_USE or not labels[-1][-1].isalpha():
        raise InvalidEmailAddress("The part after the @ must end in a top-level domain that receives mail.")
