"""An identity provider for tests: keys of each kind, and a server that publishes them over real HTTP."""

import json
import threading
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

DISCOVERY: Final = "/.well-known/openid-configuration"
KEYS: Final = "/keys"

_SHA256: Final = hashes.SHA256()
_PSS: Final = padding.PSS(padding.MGF1(_SHA256), salt_length=32)


def base64url(content: bytes) -> str:
    """As the segments of a token are written."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def rs256(key: rsa.RSAPrivateKey, message: bytes) -> bytes:
    return key.sign(message, padding.PKCS1v15(), _SHA256)


def ps256(key: rsa.RSAPrivateKey, message: bytes) -> bytes:
    return key.sign(message, _PSS, _SHA256)


def ecdsa(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    size = (key.curve.key_size + 7) // 8
    return b"".join(number.to_bytes(size) for number in decode_dss_signature(key.sign(message, ec.ECDSA(_SHA256))))


def ecdsa_in_der(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    return key.sign(message, ec.ECDSA(_SHA256))


@cache
def rsa_key(size: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    """One of the keys of this size, which are made once: that takes long."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


@dataclass(frozen=True)
class ProviderKey:
    """A key pair. `members` are those of its JWK that say what it is for; None in `kid` leaves it out."""

    private: Any
    alg: str
    kid: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict)

    def sign(self, message: bytes, alg: str | None = None) -> bytes:
        """The signature of this kind of key, and of this algorithm where a kind has several."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            return ps256(self.private, message) if (alg or self.alg) == "PS256" else rs256(self.private, message)
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return ecdsa(self.private, message)
        signature: bytes = self.private.sign(message)
        return signature

    def jwk(self) -> dict[str, Any]:
        """The public key as the provider publishes it."""
        return public_jwk(self.private) | ({} if self.kid is None else {"kid": self.kid}) | dict(self.members)


def public_jwk(private: Any) -> dict[str, Any]:
    """Only the members that make up the public key."""
    kind: type[Key] = OKPKey
    if isinstance(private, rsa.RSAPrivateKey):
        kind = RSAKey
    elif isinstance(private, ec.EllipticCurvePrivateKey):
        kind = ECKey
    # Not imported, which would warn of keys that are too short.
    return dict(kind(private.public_key(), None).as_dict())


def ed25519(kid: str | None = "ed", members: Mapping[str, Any] | None = None) -> ProviderKey:
    """A new key, of the kind that is made fastest."""
    return ProviderKey(Ed25519PrivateKey.generate(), "EdDSA", kid, members or {})


class IdentityProvider:
    """Publishes keys on a free port of this machine: a context manager, within which it can be reached.

    What it answers is changed by its attributes: `keys` are published; `discovery` replaces members of the discovery
    document; `bodies` replaces whole bodies, `headers` adds to the header and `status` replaces the status, by path.
    It answers while `open` is set, counts in `requests`, and keeps
    the last header of a request in `asked_with`.
    """

    def __init__(self, *keys: ProviderKey, path: str = "") -> None:
        self.keys = list(keys)
        self.discovery: dict[str, Any] = {}
        self.bodies: dict[str, bytes | Callable[[], bytes]] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.status: dict[str, int] = {}
        self.requests: Counter[str] = Counter()
        self.asked_with: dict[str, dict[str, str]] = {}
        self.open = threading.Event()
        self.open.set()
        self._path = path
        self._port = 0

    @property
    def issuer(self) -> str:
        return f"{self.address}{self._path}"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def key_requests(self) -> int:
        """How often the keys were asked for."""
        return self.requests[KEYS]

    def start(self) -> None:
        """Serve, on the same port as before."""
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        """Be down: connections are refused."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def body(self, path: str) -> bytes | None:
        """What is answered to a request for this path."""
        if path in self.bodies:
            body = self.bodies[path]
            return body if isinstance(body, bytes) else body()
        if path == self._path.rstrip("/") + DISCOVERY:
            document = {"issuer": self.issuer, "jwks_uri": f"{self.address}{KEYS}"} | self.discovery
            return json.dumps(document).encode()
        if path == KEYS:
            return json.dumps({"keys": [key.jwk() for key in self.keys]}).encode()
        return None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.open.set()
        self.stop()


class _Handler(BaseHTTPRequestHandler):
    provider: IdentityProvider

    def do_GET(self) -> None:
        provider = self.provider
        provider.requests[self.path] += 1
        provider.asked_with[self.path] = {name.lower(): value for name, value in self.headers.items()}
        provider.open.wait(timeout=30)
        body = provider.body(self.path)
        try:
            self.send_response(provider.status.get(self.path, 404 if body is None else 200))
            for name, value in provider.headers.get(self.path, {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body or b"")
        except OSError:
            pass  # the client did not wait

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 -- the name is the standard library's
        """Say nothing."""
