"""What every table shares: the metadata with its naming convention, and the two timestamp columns."""

from typing import Final

from sqlalchemy import Column, FetchedValue, MetaData

from foundation.sqlalchemy.ddl import utc_now
from foundation.sqlalchemy.types import UtcDateTime

# Every constraint and index has a name of ours, because errors are told apart by that name.
metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    }
)


def created_at() -> Column[object]:
    """The moment the row was written first; the database fills it in for writers that leave it out."""
    return Column(
        "created_at",
        UtcDateTime(),
        nullable=False,
        server_default=utc_now(),
        comment="Creation timestamp",
        info={"example": "2025-12-16T10:00:00+00:00"},
    )


def updated_at() -> Column[object]:
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
