"""API keys in a relational database."""

from typing import Any

from sqlalchemy import (
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    or_,
    type_coerce,
)

from foundation.kernel.access.api_keys import values
from foundation.kernel.access.api_keys.api_key import UNAUDITED, ApiKey, ApiKeyNotFound
from foundation.kernel.access.api_keys.ports import ApiKeyView
from foundation.kernel.constraints import Unique
from foundation.kernel.errors import AlreadyTaken
from foundation.kernel.value_object import ValueObject
from foundation.sqlalchemy.adapter import SqlAlchemyAdapter
from foundation.sqlalchemy.ddl import timestamped
from foundation.sqlalchemy.tables import created_at, updated_at
from foundation.sqlalchemy.types import UtcDateTime, ValueObjectType

_HASH: String = String(64)
_EXAMPLE: str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def api_keys_table(metadata: MetaData, *, scopes: str) -> Table:
    """The table of the API keys; `scopes` are the example of the document of the schema."""
    return timestamped(
        Table(
            "api_keys",
            metadata,
            Column(
                "id",
                ValueObjectType(values.ApiKeyId, Integer()),
                Identity(),
                primary_key=True,
                comment="API key ID (auto-increment)",
                info={"example": 1},
            ),
            _text(
                "name", values.ApiKeyName, values.MAX_API_KEY_NAME_LENGTH, "What people call the key", "Nightly export"
            ),
            _text("scopes", values.ScopeList, values.MAX_SCOPES_LENGTH, "What the key may do", scopes),
            _text("owner", values.OwnerId, values.MAX_OWNER_LENGTH, "For whom it acts", "42", nullable=True),
            _text("tenant", values.TenantId, values.MAX_TENANT_LENGTH, "The tenant it works on", "acme", nullable=True),
            _text("secret_hash", values.SecretHash, 64, "SHA-256 of the secret, in hexadecimal", _EXAMPLE),
            _text(
                "previous_secret_hash",
                values.SecretHash,
                64,
                "SHA-256 of the secret before the last rotation",
                None,
                nullable=True,
            ),
            _time("previous_expires_at", "Until when the previous secret is accepted", None),
            _time("expires_at", "When the key ends", "2026-12-16T10:00:00+00:00"),
            _time("revoked_at", "When the key was revoked", None),
            _time("last_used_at", "When the key was used last, to the minute", "2025-12-17T10:00:00+00:00"),
            created_at(),
            updated_at(),
            UniqueConstraint("secret_hash"),
            # Each authentication looks for one of the two.
            Index(None, "previous_secret_hash"),
            # Lists are restricted by these, and go by the id.
            Index(None, "owner", "id"),
            Index(None, "tenant", "id"),
            comment="Stores API keys. The secrets are not kept.",
            sqlite_autoincrement=True,
        )
    )


def api_keys_adapter(table: Table) -> SqlAlchemyAdapter[ApiKey, values.ApiKeyId, ApiKeyView]:
    """API keys, for the relational storage."""
    secret = bindparam("secret", type_=_HASH)
    return SqlAlchemyAdapter(
        entity=ApiKey,
        table=table,
        version=table.c.updated_at,
        view=ApiKeyView,
        new=ApiKey.issue,
        not_found=ApiKeyNotFound,
        unaudited=UNAUDITED,
        unique={"uq_api_keys_secret_hash": Unique(AlreadyTaken)},
        conditions={
            "secret": or_(
                type_coerce(table.c.secret_hash, _HASH) == secret,
                type_coerce(table.c.previous_secret_hash, _HASH) == secret,
            )
        },
    )


def _text(
    name: str,
    held: type[ValueObject[str]],
    longest: int,
    comment: str,
    example: str | None,
    *,
    nullable: bool = False,
) -> Column[Any]:
    return Column(
        name, ValueObjectType(held, String(longest)), nullable=nullable, comment=comment, info={"example": example}
    )


def _time(name: str, comment: str, example: str | None) -> Column[Any]:
    return Column(name, UtcDateTime(), nullable=True, comment=comment, info={"example": example})
