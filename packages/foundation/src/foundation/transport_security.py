"""Whether the connections to a PostgreSQL server on another machine are protected on their way."""

from typing import Final
from urllib.parse import parse_qs

from foundation.setting_values import Storage
from foundation.settings import ServiceSettings, is_loopback

_VERIFYING: Final = frozenset({"verify-full", "verify-ca"})


def unverified_settings(settings: ServiceSettings) -> list[str]:
    """The settings whose URL leads to another machine without checking that it is the one that is meant."""
    urls = {"DATABASE_URL": settings.database_url, "DATABASE_READ_URL": settings.database_read_url}
    return [name for name, url in urls.items() if url is not None and _is_unverified(url)]


def _is_unverified(url: str) -> bool:
    if not url.startswith(f"{Storage.POSTGRESQL.value}://"):
        return False
    address, _, query = url.partition("://")[2].partition("?")
    parameters = {name: values[-1] for name, values in parse_qs(query).items()}
    if parameters.get("sslmode") in _VERIFYING or parameters.get("sslrootcert") == "system":
        return False
    # An address counts before the name, as libpq has it.
    hosts = parameters.get("hostaddr") or parameters.get("host") or _host(address)
    return not all(_is_local(host) for host in hosts.split(","))


def _host(address: str) -> str:
    """The host between the role with its password, and the port with the name of the database."""
    place = address.rpartition("@")[2].partition("/")[0]
    return place.partition("]")[0] if place.startswith("[") else place.partition(":")[0]


def _is_local(host: str) -> bool:
    # A Unix socket is a path, or abstract; without a host it is the usual one.
    return not host or host.startswith(("/", "@")) or is_loopback(host)
