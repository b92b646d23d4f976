"""The use cases of API keys, assembled."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

from foundation.kernel.access.api_keys.authentication import ApiKeyAuthenticator
from foundation.kernel.access.api_keys.issue_api_key import IssueApiKeyHandler
from foundation.kernel.access.api_keys.policy import OwnApiKeys
from foundation.kernel.access.api_keys.ports import ApiKeyQueries, UnitsOfWork
from foundation.kernel.access.api_keys.read_api_keys import GetApiKeyHandler, ListApiKeysHandler
from foundation.kernel.access.api_keys.record_use import RecordApiKeyUseHandler
from foundation.kernel.access.api_keys.revoke_api_key import RevokeApiKeyHandler
from foundation.kernel.access.api_keys.rotate_api_key import RotateApiKeyHandler
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.clock import Clock


class ApiKeyUseCases:
    """What can be done with API keys. `known_scopes` are those that the service has."""

    def __init__(
        self,
        unit_of_work: UnitsOfWork,
        queries: ApiKeyQueries,
        clock: Clock,
        known_scopes: Collection[str],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        access = RowAccess(OwnApiKeys())
        self.issue = IssueApiKeyHandler(unit_of_work, clock, known_scopes)
        self.list = ListApiKeysHandler(queries, access)
        self.get = GetApiKeyHandler(queries, access)
        self.rotate = RotateApiKeyHandler(unit_of_work, access, clock, sleep)
        self.revoke = RevokeApiKeyHandler(unit_of_work, access, clock, sleep)
        self.authenticator = ApiKeyAuthenticator(queries, RecordApiKeyUseHandler(unit_of_work, clock), clock)
