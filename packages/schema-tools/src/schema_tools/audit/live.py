"""The audit of one live database."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import URL, text

from schema_tools.audit.checks import check_findings
from schema_tools.audit.indexes import index_findings
from schema_tools.audit.numbers import number_findings
from schema_tools.audit.sqlite import NOT_THERE, read_only_engine, sqlite_findings
from schema_tools.database_urls import migration_url
from schema_tools.failures import explained
from schema_tools.findings import Finding
from schema_tools.migrations.connection import postgresql_engine


@dataclass(frozen=True, slots=True)
class Audit:
    """The findings on a database, in a stable order, and what could not be judged and why, a sentence each."""

    findings: list[Finding]
    unseen: list[str]


def audit(url: str | URL, *, now: datetime | None = None) -> Audit:
    """Judge the live database at `url` by its catalog and its statistics. Nothing is changed.

    A role that may connect sees nearly all of it; on PostgreSQL `pg_monitor` sees all.

    Args:
        url: The database.
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
        with postgresql_engine(target).connect() as connection:
            # One read-only transaction with short timeouts.
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            connection.execute(text("SET LOCAL statement_timeout = '60s'"))
            findings = [
                *index_findings(connection, now or datetime.now(UTC), unseen),
                *check_findings(connection),
                *number_findings(connection, unseen),
            ]
    return Audit(findings, unseen)
