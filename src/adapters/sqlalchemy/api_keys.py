"""API keys in a relational database."""

from typing import Final

from adapters.sqlalchemy.tables import api_keys
from foundation.sqlalchemy.api_keys import api_keys_adapter

ADAPTER: Final = api_keys_adapter(api_keys)
