"""TENANT: the tenant of requests while nothing is authenticated. `test_program` has that of commands."""

from dependency_injector import providers

from entrypoints.container import Container
from http_contract.protected import ProtectedService
from http_contract.talking import USERS, new_user
from tenancy.users_of_tenants import storage_at


def statuses(storage_url: str, **settings: str) -> tuple[int, int, int]:
    """Of a creation, a list, and how many users that has."""
    with Container.storage.override(providers.Object(storage_at(storage_url))):
        service = ProtectedService(storage_url, **settings)
    with service:
        created = service.request("POST", USERS, json=new_user(1))
        listed = service.request("GET", USERS)
        return created.status_code, listed.status_code, len(listed.json().get("items", []))


def test_requests_without_credentials_are_of_the_tenant(storage_url: str) -> None:
    assert statuses(storage_url, auth_mode="disabled") == (403, 200, 0)
    assert statuses(storage_url, auth_mode="disabled", tenant="acme") == (201, 200, 1)


def test_where_credentials_are_asked_for_it_gives_none(storage_url: str) -> None:
    assert statuses(storage_url, tenant="acme")[:2] == (401, 401)
