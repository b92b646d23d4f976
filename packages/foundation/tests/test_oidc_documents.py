"""What the provider may answer, and which of its keys are used."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from foundation.kernel.access.credentials import CredentialUnverifiable
from foundation.oidc.algorithms import ALGORITHMS
from foundation.oidc.provider import PATIENCE, Provider, ProviderUnusable
from foundation.oidc.settings import OidcSettings
from foundation.oidc.signing_keys import SigningKeys
from identity_provider import DISCOVERY, KEYS, IdentityProvider, ed25519

FIRST = ed25519("first")
EDDSA = ALGORITHMS["EdDSA"]
MIB = 1 << 20


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider(FIRST) as provider:
        yield provider


async def failure(provider: IdentityProvider, caplog: pytest.LogCaptureFixture) -> str | None:
    """Why the keys could not be fetched, as the log says it; None if they were."""
    keys = SigningKeys(OidcSettings(provider.issuer, "api", allow_http=True))
    try:
        await keys.find("first", EDDSA)
    except CredentialUnverifiable:
        (record,) = caplog.records
        return record.getMessage().removeprefix("the keys of the identity provider cannot be fetched: ").split(";")[0]
    finally:
        await keys.aclose()
    return None


def padded(document: dict[str, Any], length: int) -> bytes:
    content = json.dumps(document).encode()
    return content + b" " * (length - len(content))


# HTTP.


@pytest.mark.anyio
@pytest.mark.parametrize("path", [DISCOVERY, KEYS])
@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 400, 404, 500, 503])
async def test_only_ok_is_an_answer(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture, path: str, status: int
) -> None:
    provider.status[path] = status
    provider.headers[path] = {"Location": "/elsewhere"}
    provider.bodies["/elsewhere"] = provider.body(path) or b""
    assert await failure(provider, caplog) == f"it answered with status {status}"
    assert "/elsewhere" not in provider.requests


@pytest.mark.anyio
@pytest.mark.parametrize("path", [DISCOVERY, KEYS])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b'{"keys": [], "keys": []}', b"\xff", b'{"a": NaN}', b"[" * 100_000]
)
async def test_what_is_not_json_is_no_answer(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture, path: str, body: bytes
) -> None:
    provider.bodies[path] = body
    assert await failure(provider, caplog) == "its answer is not JSON"


@pytest.mark.anyio
@pytest.mark.parametrize("path", [DISCOVERY, KEYS])
@pytest.mark.parametrize("length", [MIB + 1, 10 * MIB])
async def test_an_answer_that_is_too_long_is_not_read(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture, path: str, length: int
) -> None:
    provider.bodies[path] = padded(json.loads(provider.body(path) or b""), length)
    assert await failure(provider, caplog) == f"its answer is longer than {MIB} bytes"


@pytest.mark.anyio
async def test_an_answer_of_the_longest_kind_is_read(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.bodies[KEYS] = padded({"keys": [FIRST.jwk()]}, MIB)
    assert await failure(provider, caplog) is None


@pytest.mark.anyio
async def test_an_answer_that_is_compressed_unasked_is_not_unpacked(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    import gzip

    provider.bodies[KEYS] = gzip.compress(json.dumps({"keys": [FIRST.jwk()]}).encode())
    provider.headers[KEYS] = {"Content-Encoding": "gzip"}
    assert await failure(provider, caplog) == "its answer is not JSON"


@pytest.mark.anyio
async def test_json_is_asked_for_and_nothing_compressed(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    assert await failure(provider, caplog) is None
    for path in (DISCOVERY, KEYS):
        header = provider.asked_with[path]
        assert header["accept"] == "application/json, application/jwk-set+json"
        assert header["accept-encoding"] == "identity"


@pytest.mark.anyio
@pytest.mark.parametrize("error", [OSError, httpx2.ReadError, httpx2.TooManyRedirects, httpx2.InvalidURL])
async def test_a_client_that_fails_in_any_way_brings_no_keys(error: type[Exception]) -> None:
    def fails(_request: httpx2.Request) -> httpx2.Response:
        raise error("no connection")

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(fails)) as client:
        provider = Provider(OidcSettings("https://id.example.com", "api"), client)
        with pytest.raises(ProviderUnusable) as unusable:
            await provider.published_keys()
    assert str(unusable.value) == f"the request failed with {error.__name__}"


def test_the_provider_has_five_seconds() -> None:
    # The tests of slow answers set it to less.
    assert PATIENCE == 5


# The discovery document.


@pytest.mark.anyio
@pytest.mark.parametrize("issuer", ["https://evil.example.com", "", None, ["x"], "slash", "upper"])
async def test_the_document_of_another_issuer_is_refused(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture, issuer: Any
) -> None:
    changed = {"slash": f"{provider.issuer}/", "upper": provider.issuer.upper()}
    provider.discovery["issuer"] = changed.get(issuer, issuer) if isinstance(issuer, str) else issuer
    assert await failure(provider, caplog) == "its discovery document is of another issuer"
    assert KEYS not in provider.requests


@pytest.mark.anyio
async def test_a_document_that_is_no_object_is_refused(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.bodies[DISCOVERY] = b"[]"
    assert await failure(provider, caplog) == "its discovery document is of another issuer"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "url",
    [
        None,
        1,
        "",
        "/keys",
        "keys",
        "//127.0.0.1/keys",
        "http://example.com/keys",
        "http://127.0.0.1.example.com/keys",
        "http://user@127.0.0.1/keys",
        "ftp://127.0.0.1/keys",
        "file:///etc/passwd",
        "https://",
        "https://[::1/keys",
        "https://example.com:port/keys",
        "https://example.com/a b\n",
        "https://ex\u00e4mple.com/keys",
    ],
)
async def test_keys_are_fetched_from_https_or_from_this_machine_only(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture, url: Any
) -> None:
    provider.discovery["jwks_uri"] = url
    assert await failure(provider, caplog) == "its discovery document names no address of keys that may be used"


@pytest.mark.anyio
async def test_keys_are_asked_for_over_https(provider: IdentityProvider, caplog: pytest.LogCaptureFixture) -> None:
    # The server speaks no TLS, so that the attempt fails; it is made, however.
    provider.discovery["jwks_uri"] = f"{provider.address}{KEYS}".replace("http:", "https:")
    assert await failure(provider, caplog) == "the request failed with ConnectError"


@pytest.mark.anyio
@pytest.mark.parametrize("url", ["https://1.2.3.999/keys", "https://[v1.x]/keys", f"https://127.0.0.1/{'k' * 65536}"])
async def test_an_address_of_keys_that_no_request_can_have_is_a_failure(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    provider.discovery["jwks_uri"] = url
    assert await failure(provider, caplog) == "the request failed with InvalidURL"


# The set of keys.


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "it is no JWK set"),
        ({}, "it is no JWK set"),
        ({"keys": {}}, "it is no JWK set"),
        ({"keys": None}, "it is no JWK set"),
        ({"keys": []}, "it has no key that can be used"),
        ({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}, "it has no key that can be used"),
        ({"keys": [{}] * 101}, "it has more than 100 keys"),
    ],
)
async def test_a_set_without_a_key_that_can_be_used_is_a_failure(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture, document: Any, reason: str
) -> None:
    provider.bodies[KEYS] = json.dumps(document).encode()
    assert await failure(provider, caplog) == f"its key set cannot be used: {reason}"


# The settings.


@pytest.mark.parametrize(
    "issuer", ["https://id.example.com", "https://id.example.com/", "https://id.example.com:8443/realms/a"]
)
def test_an_issuer_has_an_https_address(issuer: str) -> None:
    settings = OidcSettings(issuer, "api")
    assert settings.issuer == issuer
    assert not settings.on_loopback
    assert settings.token_types == {"at+jwt"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "[::1]", "localhost:8080"])
def test_an_issuer_on_this_machine_may_do_without_tls(host: str) -> None:
    assert OidcSettings(f"http://{host}/realms/a", "api", allow_http=True).on_loopback
    with pytest.raises(ValueError, match=r"^the issuer must be an https address"):
        OidcSettings(f"http://{host}/realms/a", "api")


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "id.example.com",
        "http://id.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "https://id.example.com?a=b",
        "https://id.example.com?",
        "https://id.example.com#a",
        "https://user:password@id.example.com",
        "https://id.example.com:port",
        "https://id.example.com/ a\n",
        "https://[id",
        "ftp://localhost",
    ],
)
def test_another_issuer_is_refused(issuer: str) -> None:
    with pytest.raises(ValueError, match=r"^the issuer must be an https address"):
        OidcSettings(issuer, "api", allow_http=True)


def test_an_audience_and_a_type_are_needed() -> None:
    with pytest.raises(ValueError, match=r"^the audience must"):
        OidcSettings("https://id.example.com", "")
    with pytest.raises(ValueError, match=r"^at least one type"):
        OidcSettings("https://id.example.com", "api", token_types=frozenset())
