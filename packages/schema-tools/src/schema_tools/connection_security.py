"""Whether a connection to PostgreSQL could be read or changed on its way, by its URL or by its parameters."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final

from sqlalchemy import URL

VERIFIED: Final = "?sslmode=verify-full&sslrootcert=/path/to/ca.crt"
"""What is behind a URL whose server must prove who it is."""

# verify-ca takes any host's certificate that the authority signed, which is enough for an authority of one's own.
_VERIFYING: Final = frozenset({"verify-ca", "verify-full"})
# With the certificates of the system libpq verifies the name as well, and refuses weaker modes:
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-SSLROOTCERT
_OF_THE_SYSTEM: Final = "system"


def is_verified(parameters: Mapping[str, Any]) -> bool:
    """Whether these parameters of libpq have it check the server's certificate."""
    return parameters.get("sslmode") in _VERIFYING or parameters.get("sslrootcert") == _OF_THE_SYSTEM


def remote_hosts(url: URL) -> list[str]:
    """The hosts of the URL that are other machines, as far as it tells; an address counts before its name."""
    named = url.query.get("hostaddr") or url.query.get("host") or url.host or ""
    hosts = named.split(",") if isinstance(named, str) else [one for part in named for one in part.split(",")]
    return [host for host in hosts if not is_local(host)]


def is_local(host: str) -> bool:
    """Whether it is a Unix socket, or an address that only this machine reaches."""
    # https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOST
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
