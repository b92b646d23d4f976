"""The OpenAPI document of the service."""

from typing import Any

import pytest

from entrypoints.http.app import create_app
from entrypoints.settings import Settings


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """The document as the service serves it."""
    return create_app(Settings(database_url="memory://")).openapi()
