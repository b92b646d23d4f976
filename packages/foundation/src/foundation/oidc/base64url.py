"""Base64 with the alphabet for addresses, as JOSE has it: without padding, in one way only."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

_ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]*")


def decode(text: str) -> bytes:
    """The bytes that the text stands for (RFC 7515, section 2).

    Raises:
        ValueError: the text has other characters, such as padding, or is not the one text that stands for its bytes.
    """
    if not _ALPHABET.fullmatch(text):
        raise ValueError("not in the alphabet")
    content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # The last character has bits that no byte takes; were they free, one token would have several texts.
    if urlsafe_b64encode(content).rstrip(b"=").decode() != text:
        raise ValueError("not the canonical text")
    return content
