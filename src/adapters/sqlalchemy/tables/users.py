"""The `users` table."""

from typing import Final

from sqlalchemy import Column, Identity, Index, Integer, String, Table, UniqueConstraint

from adapters.sqlalchemy.tables.metadata import metadata
from domain.users.email_address import EmailAddress
from domain.users.user_id import UserId
from domain.users.user_name import MAX_NAME_LENGTH, UserName
from foundation.sqlalchemy.ddl import timestamped
from foundation.sqlalchemy.tables import created_at, updated_at
from foundation.sqlalchemy.types import ValueObjectType

users: Final = timestamped(
    Table(
        "users",
        metadata,
        Column(
            "id",
            ValueObjectType(UserId, Integer()),
            Identity(),
            primary_key=True,
            comment="User ID (auto-increment)",
            info={"example": 1},
        ),
        Column(
            "email",
            # One more than an address may have: the specification of the schema says 255.
            ValueObjectType(EmailAddress, String(255)),
            nullable=False,
            comment="User email address",
            info={"example": "user@example.com"},
        ),
        Column(
            "name",
            ValueObjectType(UserName, String(MAX_NAME_LENGTH)),
            nullable=False,
            comment="User full name",
            info={"example": "John Doe"},
        ),
        created_at(),
        updated_at(),
        UniqueConstraint("email"),
        # The two orders that lists are asked for in beside that of the key; the id breaks ties.
        Index(None, "created_at", "id"),
        Index(None, "updated_at", "id"),
        comment="Stores user information.",
        # SQLite gives the id of a deleted newest row to the next one unless it is told not to.
        sqlite_autoincrement=True,
    )
)
