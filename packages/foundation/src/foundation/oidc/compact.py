"""The compact serialization of a signed token: three segments, of which the first two are JSON objects."""

from dataclasses import dataclass
from typing import Any, Final

from foundation.kernel.access.credentials import CredentialRejected
from foundation.oidc import base64url
from foundation.strict_json import read_json

MAX_LENGTH: Final = 8 << 10
"""How long a token may be, in characters, which is as much as servers let a header field be."""

_SIGNED_SEGMENTS: Final = 3
_ENCRYPTED_SEGMENTS: Final = 5


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token whose signature nothing has verified yet.

    Attributes:
        header: What it says about its signature.
        payload: What it claims.
        message: What is signed.
        signature: The signature, as bytes.
    """

    header: dict[str, Any]
    payload: dict[str, Any]
    message: bytes
    signature: bytes


def check_text(text: str) -> None:
    """Refuse what is no token by its length and characters alone, so that nothing else is done for it.

    Raises:
        CredentialRejected: it is none.
    """
    if len(text) > MAX_LENGTH:
        raise CredentialRejected("The token is too long.")
    if not text.isascii():
        raise _not_signed()


def read_compact(text: str) -> SignedToken:
    """The parts of a token in the compact serialization (RFC 7515, section 7.1).

    Raises:
        CredentialRejected: it is no signed token, or a part of it could be understood in several ways.
    """
    segments = text.split(".", _ENCRYPTED_SEGMENTS)  # no more than are needed to see that there are too many
    if len(segments) == _ENCRYPTED_SEGMENTS:
        raise CredentialRejected("Encrypted tokens are not accepted.")
    if len(segments) != _SIGNED_SEGMENTS:
        raise _not_signed()
    header, payload, signature = segments
    try:
        return SignedToken(
            _read_object(header), _read_object(payload), f"{header}.{payload}".encode(), base64url.decode(signature)
        )
    except ValueError:
        raise _not_signed() from None


def _read_object(segment: str) -> dict[str, Any]:
    document = read_json(base64url.decode(segment))
    if not isinstance(document, dict):
        raise ValueError("not an object")  # noqa: TRY004 -- a value that was read, not a mistake of the caller
    return document


def _not_signed() -> CredentialRejected:
    return CredentialRejected("The token is not a signed JSON Web Token.")
