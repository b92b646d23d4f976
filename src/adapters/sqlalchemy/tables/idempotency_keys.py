"""The `idempotency_keys` table."""

from typing import Final

from sqlalchemy import Column, Index, PrimaryKeyConstraint, String, Table, Text

from adapters.sqlalchemy.tables.schema import created_at, metadata
from foundation.sqlalchemy.types import UtcDateTime

idempotency_keys: Final = Table(
    "idempotency_keys",
    metadata,
    Column(
        "principal",
        String(255),
        nullable=False,
        comment="Who sent the request",
        info={"example": "anonymous"},
    ),
    Column(
        "operation",
        String(255),
        nullable=False,
        comment="Method and route of the request",
        info={"example": "POST /api/v1/users"},
    ),
    Column(
        "key",
        String(255),
        nullable=False,
        comment="Idempotency key, as the client chose it",
        info={"example": "5f0c2b7d-9e31-4a6c-8f5d-2b1e7c3a9d40"},
    ),
    Column(
        "fingerprint",
        String(64),
        nullable=False,
        comment="SHA-256 of what was asked for, in hexadecimal",
        info={"example": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    ),
    Column(
        "answer",
        Text(),
        nullable=False,
        comment="The first answer, as JSON",
        info={"example": '[[1,"user@example.com","John Doe","2025-12-16T10:00:00+00:00","2025-12-16T10:00:00+00:00"]]'},
    ),
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
