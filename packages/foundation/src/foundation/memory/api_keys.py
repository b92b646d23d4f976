"""API keys in memory."""

from typing import Any, Final

from foundation.kernel.access.api_keys.api_key import UNAUDITED, ApiKey, ApiKeyNotFound
from foundation.kernel.access.api_keys.ports import ApiKeyView
from foundation.kernel.access.api_keys.values import ApiKeyId
from foundation.kernel.constraints import Unique
from foundation.kernel.errors import AlreadyTaken
from foundation.memory.adapter import InMemoryAdapter


def _has_secret(key: Any, secret_hash: Any) -> bool:
    return secret_hash in {key.secret_hash, key.previous_secret_hash}


API_KEYS: Final = InMemoryAdapter[ApiKey, ApiKeyId, ApiKeyView](
    entity=ApiKey,
    view=ApiKeyView.of,
    new=ApiKey.issue,
    not_found=ApiKeyNotFound,
    unaudited=UNAUDITED,
    unique={"secret_hash": Unique(AlreadyTaken)},
    conditions={"secret": _has_secret},
)
