"""Revocations of access tokens in memory."""

from typing import Final

from foundation.memory.revocations import REVOCATIONS

ADAPTER: Final = REVOCATIONS
