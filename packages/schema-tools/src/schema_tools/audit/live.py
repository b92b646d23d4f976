"""The audit of one live database."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import URL, MetaData, make_url
from sqlalchemy.exc import ArgumentError

from schema_tools.audit.checks import check_findings
from schema_tools.audit.encryption import encryption_findings
from schema_tools.audit.indexes import index_findings
from schema_tools.audit.numbers import number_findings
from schema_tools.audit.roles import role_findings
from schema_tools.audit.sqlite import NOT_THERE, read_only_engine, sqlite_findings
from schema_tools.database_urls import migration_url
from schema_tools.errors import SchemaToolsError
from schema_tools.failures import explained
from schema_tools.findings import Finding
from schema_tools.migrations.connection import live_engine


@dataclass(frozen=True, slots=True)
class Audit:
    """The findings on a database, in a stable order, and what could not be judged and why, a sentence each.

    `advice` has sentences on what is not wrong, and could be safer.
    """

    findings: list[Finding]
    unseen: list[str]
    advice: list[str] = field(default_factory=list)


def audit(
    url: str | URL,
    *,
    application: str | None = None,
    metadata: MetaData | None = None,
    now: datetime | None = None,
) -> Audit:
    """Judge the live database at `url` by its catalog and its statistics. Nothing is changed.

    A role that may connect sees nearly all of it; on PostgreSQL `pg_monitor` sees all.

    Args:
        url: The database.
        application: The URL that the application connects with, where it is another one. Only its role and how it
            connects are judged; nothing connects to it.
        metadata: The tables, which may declare what the application's role needs of each.
        now: The time, where it is not the computer's: the age of statistics counts to it.

    Raises:
        SchemaToolsError: The database cannot be reached, or there is none.
    """
    target = migration_url(url)
    unseen: list[str] = []
    with explained(target):
        if target.get_backend_name() == "sqlite":
            with read_only_engine(target).connect() as connection:
                return Audit(list(sqlite_findings(connection)), [NOT_THERE])
        of_application = _url_of_application(application) if application is not None else None
        with live_engine(target).connect() as connection:
            # One read-only transaction.
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            findings = [
                *index_findings(connection, now or datetime.now(UTC), unseen),
                *check_findings(connection),
                *number_findings(connection, unseen),
                *encryption_findings(connection, of_application),
            ]
            roles = role_findings(connection, of_application, metadata or MetaData(), unseen)
    return Audit(findings + roles.findings, unseen, roles.advice)


def _url_of_application(given: str) -> URL:
    """The URL as it is: the application may have another driver, or connect through a pooler."""
    with suppress(ArgumentError, ValueError):
        url = make_url(given)
        if url.get_backend_name() == "postgresql":
            return url
    # What was given is not repeated: it may hold a password in the wrong place.
    raise SchemaToolsError("the URL that the application connects with is not that of a PostgreSQL database")
