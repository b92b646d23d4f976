"""What the tables of every service share: names of constraints, the two timestamps, idempotency keys, rate limits."""

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    FetchedValue,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from foundation.sqlalchemy.ddl import readable, utc_now
from foundation.sqlalchemy.types import UtcDateTime


def named_metadata() -> MetaData:
    """Metadata in which every constraint and index has a name by convention: errors are told apart by that name."""
    return MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        }
    )


def created_at() -> Column[Any]:
    """The moment the row was first written; the database fills it in for writers that leave it out."""
    return Column(
        "created_at",
        UtcDateTime(),
        nullable=False,
        server_default=utc_now(),
        comment="Creation timestamp",
        info={"example": "2025-12-16T10:00:00+00:00"},
    )


def updated_at() -> Column[Any]:
    """The moment the row changed last, kept by a trigger for every writer that leaves it alone.

    The table must be wrapped in `timestamped(...)`, which creates that trigger.
    """
    return Column(
        "updated_at",
        UtcDateTime(),
        nullable=False,
        server_default=utc_now(),
        server_onupdate=FetchedValue(),
        comment="Last update timestamp",
        info={"example": "2025-12-16T10:00:00+00:00"},
    )


def known_choice(column: str, choices: type[StrEnum]) -> CheckConstraint:
    """The constraint that a column has one of the values of an enumeration, whose values are words."""
    values = ", ".join(f"'{choice.value}'" for choice in choices)
    return CheckConstraint(f"{column} IN ({values})", name=column)


def idempotency_keys_table(metadata: MetaData, *, operation: str, answer: str) -> Table:
    """The table of the idempotency keys, with these examples for the document of the schema."""
    return readable(
        Table(
            "idempotency_keys",
            metadata,
            _text("principal", String(255), "Who sent the request", "anonymous"),
            _text("operation", String(255), "Method and route of the request", operation),
            _text(
                "key", String(255), "Idempotency key, as the client chose it", "5f0c2b7d-9e31-4a6c-8f5d-2b1e7c3a9d40"
            ),
            _text(
                "fingerprint",
                String(64),
                "SHA-256 of what was asked for, in hexadecimal",
                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            ),
            _text("answer", Text(), "The first answer, as JSON", answer),
            created_at(),
            Column(
                "expires_at",
                UtcDateTime(),
                nullable=False,
                comment="When the answer may be forgotten",
                info={"example": "2025-12-17T10:00:00+00:00"},
            ),
            PrimaryKeyConstraint("principal", "operation", "key"),
            # Expired rows are looked for by this alone.
            Index(None, "expires_at"),
            comment="Stores the answers to requests that carried an idempotency key, for 24 hours.",
            info={"append_only": "An answer is written once, and replaced or removed when it has expired."},
        )
    )


def rate_limits_table(metadata: MetaData) -> Table:
    """The table of the token buckets that all workers share: see `foundation.sqlalchemy.rate_limits`.

    A bucket is the moment at which it will be full, and lacks one token for each share of the time until then. It says
    the same as a number of tokens and the time of that number, and says it whatever the limit is: one statement can
    change it, and rows that are no longer needed can be told by it alone. It is a number, since SQLite has no times to
    reckon with.
    """
    return readable(
        Table(
            "rate_limits",
            metadata,
            Column(
                "key_hash",
                String(64),
                primary_key=True,
                comment="SHA-256 of the limit and the client it is for, in hexadecimal",
                info={"example": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
            ),
            Column(
                "full_at",
                BigInteger,
                nullable=False,
                comment="When the client has all of its requests again, in microseconds since 1970 in UTC",
                info={"example": 1765879200000000},
            ),
            Column(
                "granted",
                Integer,
                nullable=False,
                comment="How many requests were granted to the worker that asked last",
                info={"example": 5},
            ),
            created_at(),
            CheckConstraint("granted >= 0", name="granted"),
            # Rows that are no longer needed are looked for by this alone.
            Index(None, "full_at"),
            comment="Stores how much of its rate limit each active client has used.",
            info={"append_only": "full_at says when a row changed, and the row is removed once that has passed."},
        )
    )


def _text(name: str, kind: String, comment: str, example: str) -> Column[Any]:
    return Column(name, kind, nullable=False, comment=comment, info={"example": example})
