"""The OpenAPI document of the service."""

from typing import Any, Final

import pytest
from fastapi import FastAPI

from entrypoints.http.app import create_app
from entrypoints.settings import Settings

PROTECTED: Final[dict[str, Any]] = {
    "auth_mode": "oidc,api-keys",
    "oidc_issuer": "https://login.example",
    "oidc_audience": "service",
}


@pytest.fixture(scope="session", params=["open", "protected"])
def described(request: pytest.FixtureRequest) -> FastAPI:
    """The application without authentication, and with every kind of it."""
    chosen: dict[str, Any] = PROTECTED if request.param == "protected" else {}
    return create_app(Settings(_env_file=None, database_url="memory://", **chosen))


@pytest.fixture(scope="session")
def document(described: FastAPI) -> dict[str, Any]:
    """The document as the service serves it."""
    return described.openapi()
