"""The identifier of a user."""

from dataclasses import dataclass

from foundation.kernel.integer_id import IntegerId


@dataclass(frozen=True, slots=True, order=True)
class UserId(IntegerId):
    """Identifies a user. The specified column is a 32-bit INTEGER that counts from one."""
