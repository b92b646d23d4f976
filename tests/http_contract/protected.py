"""The service with AUTH_MODE=api-keys: the application as it is served, and keys that its operator has issued."""

import asyncio
from collections.abc import Coroutine
from contextvars import copy_context
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import httpx2

from application.unit_of_work import SCOPES
from entrypoints.container import Container, close
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from foundation.kernel.access.api_keys.issue_api_key import IssueApiKey
from foundation.kernel.access.api_keys.values import ApiKeyName, OwnerId, ScopeList, TenantId
from foundation.kernel.access.principal import OPERATOR, acting_as

if TYPE_CHECKING:
    from foundation.kernel.access.api_keys.use_cases import ApiKeyUseCases

Result = TypeVar("Result")

API_KEYS: Final = "/api/v1/api-keys"


class ProtectedService:
    """The application on one storage, with an event loop of its own: a context manager.

    It runs in this process, since no command reaches memory, where it is tested, too.
    """

    def __init__(self, url: str, **settings: str) -> None:
        # Tests send more credentials that are wrong than the default lets them try.
        chosen = {"auth_mode": "api-keys", "failed_authentication_limit": "1000000/1s", **settings}
        self._runner = asyncio.Runner()
        self.app = create_app(Settings(_env_file=None, database_url=url, **chosen))  # type: ignore[arg-type]  # texts, as in the environment
        self._container: Container = self.app.state.container
        self._keys: ApiKeyUseCases = self._container.api_keys()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.run(close(self._container))
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of `work`. It begins as a request does: with no principal, and no deadline."""
        return self._runner.run(work, context=copy_context())

    def issue(
        self,
        *scopes: str,
        owner: str | None = None,
        tenant: str | None = None,
        expires_at: datetime | None = None,
    ) -> "KeyHolder":
        """The holder of a new key, which has every scope unless some are named."""
        command = IssueApiKey(
            ApiKeyName("Key"),
            ScopeList(" ".join(scopes or sorted(SCOPES))),
            OwnerId(owner) if owner is not None else None,
            TenantId(tenant) if tenant is not None else None,
            expires_at,
        )
        with acting_as(OPERATOR):
            issued = self.run(self._keys.issue(command))
        return KeyHolder(self, issued.secret, issued.key.id)

    async def answer(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """The answer to a request, which has a credential only if the options say so."""
        # Each has a client of its own, so that no cookie of an answer is in a later request.
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """See `answer`."""
        return self.run(self.answer(method, path, **options))

    def client(self, secret: str) -> httpx2.Client:
        """A client that sends the API key."""
        headers = {"Authorization": f"Bearer {secret}"}
        return httpx2.Client(transport=_InProcess(self), base_url="http://localhost", headers=headers)

    def together(self, *requests: Coroutine[Any, Any, httpx2.Response]) -> list[httpx2.Response]:
        """The answers to requests that are sent at once."""

        async def answers() -> list[httpx2.Response]:
            return await asyncio.gather(*requests)

        return self.run(answers())


class _InProcess(httpx2.BaseTransport):
    def __init__(self, service: ProtectedService) -> None:
        self._service = service

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._service.run(self._answer(request))

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        content = request.read()
        sent = httpx2.Request(request.method, request.url, headers=request.headers, content=content)
        answer = await httpx2.ASGITransport(self._service.app).handle_async_request(sent)
        return httpx2.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


class KeyHolder:
    """A client that sends an API key."""

    def __init__(self, service: ProtectedService, secret: str, key_id: int) -> None:
        self._service = service
        self.secret = secret
        self.id = key_id

    async def answer(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx2.Response:
        """The answer to a request with the key."""
        sent = {"Authorization": f"Bearer {self.secret}", **(headers or {})}
        return await self._service.answer(method, path, headers=sent, **options)

    def __call__(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """See `answer`."""
        return self._service.run(self.answer(method, path, **options))


def remove_users(service: ProtectedService) -> None:
    """Delete all users."""
    holder = service.issue()
    while items := holder("GET", "/api/v1/users").json()["items"]:
        for item in items:
            assert holder("DELETE", f"/api/v1/users/{item['id']}").status_code == 204
