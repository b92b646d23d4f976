"""Which releases were measured."""

import platform
from importlib.metadata import version
from typing import Final

_PACKAGES: Final = (
    "fastapi",
    "pydantic",
    "sqlalchemy",
    "psycopg",
    "psycopg-pool",
    "asyncpg",
    "orjson",
    "uvicorn",
    "uvloop",
    "httptools",
    "granian",
)


def versions(postgres: str, autocannon: str) -> dict[str, str]:
    """The releases by name."""
    packages = {name: version(name) for name in _PACKAGES}
    return {"Python": platform.python_version(), "PostgreSQL": postgres, **packages, "autocannon": autocannon}
