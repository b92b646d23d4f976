"""The header of a token: how it is signed, and that it is an access token at all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from foundation.kernel.access.credentials import CredentialRejected
from foundation.oidc.algorithms import ALGORITHMS, Algorithm

MAX_KEY_ID: Final = 200
"""How long the id of a key may be, in characters."""

# Members that bring a key along or say where it is (RFC 8725, section 3.10), that ask for extensions, of which none
# is implemented (RFC 7515, section 4.1.11), or that change what is signed (RFC 7797) or sent (RFC 7516).
_REFUSED: Final = frozenset({"jwk", "jku", "x5c", "x5u", "crit", "b64", "zip"})


@dataclass(frozen=True, slots=True)
class TokenHeader:
    """How a token is signed. `key_id` is only ever compared with the ids of the provider's keys."""

    algorithm: Algorithm
    key_id: str | None


def read_header(header: Mapping[str, Any], token_types: Collection[str]) -> TokenHeader:
    """How a token with this header is signed.

    Args:
        header: The header as it was read.
        token_types: The types that are admitted, in lower case and without `application/`.

    Raises:
        CredentialRejected: it is of another type or algorithm, or has a member that it may not have.
    """
    if not _REFUSED.isdisjoint(header):
        raise CredentialRejected("The header of the token has a member that is not accepted.")
    if _token_type(header) not in token_types:
        raise CredentialRejected("The token is not an access token.")
    name = header.get("alg")
    if not isinstance(name, str) or name not in ALGORITHMS:
        raise CredentialRejected("The token is signed by an algorithm that is not accepted.")
    return TokenHeader(ALGORITHMS[name], _key_id(header))


def _token_type(header: Mapping[str, Any]) -> str | None:
    """The media type (RFC 7515, section 4.1.9): `application/` may be left out, and case does not matter."""
    token_type = header.get("typ")
    return token_type.lower().removeprefix("application/") if isinstance(token_type, str) else None


def _key_id(header: Mapping[str, Any]) -> str | None:
    if "kid" not in header:
        return None
    key_id = header["kid"]
    if not isinstance(key_id, str) or len(key_id) > MAX_KEY_ID:
        raise CredentialRejected("The token names its key in a way that is not accepted.")
    return key_id
