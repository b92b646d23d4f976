"""Certificates for tests: an authority, and what it signs for servers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class ServerCertificate:
    """A certificate and its private key, both in PEM."""

    certificate: str
    key: str


@dataclass(frozen=True)
class Authority:
    """An authority that signs certificates of servers."""

    name: str
    _key: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)

    def write(self, directory: Path) -> Path:
        """The file of its own certificate, which clients trust."""
        own = self._signed(self.name, self._key.public_key(), valid=10 * DAY)
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
            decipher_only=False,
        )  # fmt: skip
        authority = x509.BasicConstraints(ca=True, path_length=0)
        signed = own.add_extension(authority, critical=True).add_extension(usage, critical=True)
        file = directory / f"{self.name}.crt"
        file.write_bytes(signed.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))
        return file

    def server(self, host: str, *, valid: timedelta = DAY) -> ServerCertificate:
        """A certificate for the server at `host`; one that is `valid` for less than nothing has expired."""
        key = _new_key()
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        signed = self._signed(host, key.public_key(), valid).add_extension(names, critical=False)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        certificate = signed.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        return ServerCertificate(certificate.decode(), private.decode())

    def _signed(self, subject: str, key: ec.EllipticCurvePublicKey, valid: timedelta) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 10 * DAY)
            .not_valid_after(now + valid)
        )
