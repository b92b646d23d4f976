"""Revocations of access tokens in memory."""

from typing import Final

from foundation.kernel.access.revocations.ports import RevocationView
from foundation.kernel.access.revocations.revocation import (
    AlreadyRevoked,
    Revocation,
    RevocationId,
    RevocationNotFound,
)
from foundation.kernel.constraints import Unique
from foundation.memory.adapter import InMemoryAdapter

REVOCATIONS: Final = InMemoryAdapter[Revocation, RevocationId, RevocationView](
    entity=Revocation,
    view=RevocationView.of,
    new=Revocation.declare,
    not_found=RevocationNotFound,
    unique={"revoked_by, revoked": Unique(AlreadyRevoked)},
)
