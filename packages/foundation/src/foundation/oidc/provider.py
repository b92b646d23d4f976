"""The identity provider over HTTP: its discovery document, and its keys."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from foundation.oidc.key_set import KeySet, UnusableKeySet, read_key_set
from foundation.oidc.settings import OidcSettings, is_usable
from foundation.strict_json import NotStrictJson, read_json

MAX_DOCUMENT: Final = 1 << 20
"""How long a document of the provider may be, in bytes."""
PATIENCE: Final = 5.0
"""Seconds in which the provider must have answered both requests."""

_OK: Final = 200
# Not compressed, since a short answer could unpack to a long one.
_HEADERS: Final = {"Accept": "application/json, application/jwk-set+json", "Accept-Encoding": "identity"}
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})(?=[\s,]|$)", re.IGNORECASE)


class ProviderUnusable(Exception):
    """The provider did not give its keys. `str(error)` says why, and has nothing of what it sent."""


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """The keys that the provider has now, and for how many seconds it lets them be kept, if it says so."""

    keys: KeySet
    max_age: float | None


class Provider:
    """Asks the provider. Without a `client` it makes its own, and closes it."""

    def __init__(self, settings: OidcSettings, client: httpx2.AsyncClient | None = None) -> None:
        self._settings = settings
        self._own = client is None
        # A proxy has no part in what stays on this machine.
        self._client = client or httpx2.AsyncClient(trust_env=not settings.on_loopback)

    async def published_keys(self) -> PublishedKeys:
        """Read the discovery document and the JWK set that it names.

        Raises:
            ProviderUnusable: it did not answer in time, or in a way that keys can be taken from.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                document, max_age = await self._get(await self._key_set_url())
                # Off the event loop, for which importing a hundred keys would be long.
                return PublishedKeys(await asyncio.to_thread(read_key_set, document), max_age)
        except TimeoutError:
            raise ProviderUnusable(f"it did not answer within {PATIENCE:g} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise ProviderUnusable(f"the request failed with {type(error).__name__}") from None
        except UnusableKeySet as error:
            raise ProviderUnusable(f"its key set cannot be used: {error}") from None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._own:
            await self._client.aclose()

    async def _key_set_url(self) -> str:
        document, _ = await self._get(self._settings.discovery_url)
        # OpenID Connect Discovery 1.0, section 4.3: another issuer's document would bring another issuer's keys.
        if not isinstance(document, dict) or document.get("issuer") != self._settings.issuer:
            raise ProviderUnusable("its discovery document is of another issuer")
        url = document.get("jwks_uri")
        if not isinstance(url, str) or not is_usable(url, http=self._settings.on_loopback):
            raise ProviderUnusable("its discovery document names no address of keys that may be used")
        return url

    async def _get(self, url: str) -> tuple[Any, float | None]:
        """The document, and the seconds that it may be kept. A redirection is not followed: it would lead elsewhere."""
        async with self._client.stream("GET", url, headers=_HEADERS, follow_redirects=False) as response:
            if response.status_code != _OK:
                raise ProviderUnusable(f"it answered with status {response.status_code}")
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > MAX_DOCUMENT:
                    raise ProviderUnusable(f"its answer is longer than {MAX_DOCUMENT} bytes")
        return await asyncio.to_thread(_read_json, bytes(content)), _max_age(response)


def _max_age(response: httpx2.Response) -> float | None:
    """The seconds that the answer may be kept (RFC 9111, section 5.2.2.1)."""
    found = _MAX_AGE.search(response.headers.get("cache-control", ""))
    return None if found is None else float(found[1])


def _read_json(content: bytes) -> Any:
    try:
        return read_json(content)
    except NotStrictJson:
        raise ProviderUnusable("its answer is not JSON") from None
