"""The form of API keys: `svc_`, 30 random characters, and a checksum, which tells a broken one from an unknown one."""

import hashlib
import re
import secrets
import string
import zlib
from typing import Final

PREFIX: Final = "svc_"

_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH: Final = 30  # 178 bits
_CHECKSUM_LENGTH: Final = 6  # 62**6 is more than 2**32
_FORM: Final = re.compile(f"{PREFIX}[0-9A-Za-z]{{{_RANDOM_LENGTH + _CHECKSUM_LENGTH}}}")


def new_secret() -> str:
    """A new secret, from the random numbers of the operating system."""
    random = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return random + _checksum(random)


def is_well_formed(secret: str) -> bool:
    """Whether the text may be a secret of this service: it has the form, and the checksum is right."""
    if not _FORM.fullmatch(secret):
        return False
    return _checksum(secret[:-_CHECKSUM_LENGTH]) == secret[-_CHECKSUM_LENGTH:]


def hash_of(secret: str) -> str:
    """What is kept of a secret: its SHA-256, in hexadecimal.

    A slow hash would protect a secret that can be guessed. This one has 178 random bits.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(text: str) -> str:
    """The CRC-32 (ISO 3309) in base 62, of six digits."""
    number = zlib.crc32(text.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
