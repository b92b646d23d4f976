"""Revocations of access tokens in a relational database."""

from sqlalchemy import Column, Identity, Integer, MetaData, String, Table, UniqueConstraint

from foundation.kernel.access.revocations.ports import RevocationView
from foundation.kernel.access.revocations.revocation import (
    MAX_REVOKED_LENGTH,
    AlreadyRevoked,
    Revocation,
    RevocationId,
    RevocationNotFound,
    Revoked,
    RevokedBy,
)
from foundation.kernel.constraints import Unique
from foundation.sqlalchemy.adapter import SqlAlchemyAdapter
from foundation.sqlalchemy.ddl import timestamped
from foundation.sqlalchemy.tables import created_at, known_choice, updated_at
from foundation.sqlalchemy.types import ChoiceType, ValueObjectType


def revocations_table(metadata: MetaData) -> Table:
    """The table of the access tokens that are not accepted any more."""
    return timestamped(
        Table(
            "revocations",
            metadata,
            Column(
                "id",
                ValueObjectType(RevocationId, Integer()),
                Identity(),
                primary_key=True,
                comment="Revocation ID (auto-increment)",
                info={"example": 1},
            ),
            Column(
                "revoked_by",
                ChoiceType(RevokedBy, 20),
                nullable=False,
                comment="What tells the tokens: their subject, their key, or the id of one",
                info={"example": RevokedBy.SUBJECT.value},
            ),
            Column(
                "revoked",
                ValueObjectType(Revoked, String(MAX_REVOKED_LENGTH)),
                nullable=False,
                comment="The subject or the id",
                info={"example": "248289761001"},
            ),
            created_at(),
            updated_at(),
            known_choice("revoked_by", RevokedBy),
            UniqueConstraint("revoked_by", "revoked"),
            comment="Stores which access tokens are not accepted any more, although they have not expired.",
            sqlite_autoincrement=True,
        )
    )


def revocations_adapter(table: Table) -> SqlAlchemyAdapter[Revocation, RevocationId, RevocationView]:
    """Revocations, for the relational storage."""
    return SqlAlchemyAdapter(
        entity=Revocation,
        table=table,
        version=table.c.updated_at,
        view=RevocationView,
        new=Revocation.declare,
        not_found=RevocationNotFound,
        unique={"uq_revocations_revoked_by_revoked": Unique(AlreadyRevoked)},
    )
