"""Whether the connections to the database could be read or changed on their way."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import URL, Connection, text

from schema_tools.connection_security import VERIFIED, is_local, is_verified, remote_hosts
from schema_tools.findings import Finding

_ENCRYPTED: Final = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
_WHY_ENCRYPTED: Final = "a machine on the way can read and change what is sent"
_WHY_VERIFIED: Final = "a machine on the way can answer in place of the server, and read and change what is sent"


def encryption_findings(connection: Connection, application: URL | None) -> Iterator[Finding]:
    """What is wrong with this connection, and with the URL that the application connects with, where it has its own.

    A connection that does not leave this machine needs no encryption.
    """
    driver: Any = connection.connection.driver_connection
    # The parameters that count, with those of the environment and of the service file.
    options = {one.keyword.decode(): (one.val or b"").decode() for one in driver.pgconn.info}
    host = driver.info.hostaddr or driver.info.host
    if not is_local(host):
        place = f"connection to {driver.info.host}"
        if not connection.scalar(_ENCRYPTED):
            yield _not_encrypted(place)
        elif not is_verified(options):
            yield _not_verified(place, options.get("sslmode", ""))
    if application is not None and not is_verified(application.query):
        for remote in remote_hosts(application):
            yield _not_verified(f"connection of the application to {remote}", application.query.get("sslmode", ""))


def _not_encrypted(place: str) -> Finding:
    return Finding(
        rule="connection-not-encrypted",
        place=place,
        message="it is not encrypted",
        why=_WHY_ENCRYPTED,
        fix=f"-- At the server, which needs a certificate; then end the URL with {VERIFIED}\n"
        "ALTER SYSTEM SET ssl = on;",
    )


def _not_verified(place: str, mode: object) -> Finding:
    return Finding(
        rule="connection-not-verified",
        place=place,
        message=f"sslmode={mode or 'prefer'} does not check the server's certificate",
        why=_WHY_VERIFIED,
        fix=f"{VERIFIED} -- at the end of the URL",
    )
