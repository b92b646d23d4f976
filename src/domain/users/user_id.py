"""The identifier of a user."""

from dataclasses import dataclass

from foundation.kernel.integer_id import IntegerId


@dataclass(frozen=True, slots=True, order=True)
class UserId(IntegerId):
    """Identifies a user: an INTEGER of 32 bits in docs/database-schema.md, which counts from one."""
