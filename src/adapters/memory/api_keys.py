"""API keys in memory."""

from typing import Final

from foundation.memory.api_keys import API_KEYS

ADAPTER: Final = API_KEYS
