"""The reference programs as contenders: they do the work of the service by other means."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.contenders import POOL_SIZE, Contender
from node_packages import NODE, PackagesUnavailable, installed, run_node

FLOOR: Final = "floor"
LIMIT: Final = "limit"
BY_HAND: Final = "by hand"
TEMPLATES: Final = ("template, synchronous", "template, asynchronous")
FASTIFY: Final = "fastify"

_DIRECTORY: Final = Path(__file__).parent / "reference"
_IN_UVICORN: Final = {
    LIMIT: "limit",
    BY_HAND: "by_hand",
    TEMPLATES[0]: "template_sync",
    TEMPLATES[1]: "template_async",
}
_FASTIFY: Final = Path(__file__).parent / "fastify"
_PACKAGES: Final = ("fastify", "pg")


class References(NamedTuple):
    """What there is to compare with.

    Attributes:
        contenders: The programs.
        left_out: Why others are not among them, by name.
        versions: The releases of what only they use, by name.
    """

    contenders: list[Contender]
    left_out: Mapping[str, str]
    versions: Mapping[str, str]


def references(url: str, rows: int) -> References:
    """The reference programs on the database at `url`, but for those that cannot be installed here."""
    contenders = [
        _reference(FLOOR, (sys.executable, str(_DIRECTORY / "floor.py"), "{port}"), url, rows),
        *(_reference(name, _uvicorn(module), url, rows) for name, module in _IN_UVICORN.items()),
    ]
    try:
        installation = installed(_FASTIFY, FASTIFY)
    except PackagesUnavailable:
        return References(contenders, {FASTIFY: "its packages cannot be installed from npm"}, {})
    command = (str(NODE), str(_FASTIFY / "server.mjs"), str(installation), "{port}")
    contenders.append(_reference(FASTIFY, command, url, rows, NODE_ENV="production"))
    return References(contenders, {}, _versions(installation))


def _reference(name: str, command: tuple[str, ...], url: str, rows: int, **settings: str) -> Contender:
    settings |= {"DATABASE_URL": url, "DSN": url.replace("+psycopg", ""), "POOL_SIZE": str(POOL_SIZE)}
    return Contender(name, command, settings, rows, lambda user_id, _created_after: f"after={user_id}")


def _uvicorn(module: str) -> tuple[str, ...]:
    """What starts a module of the references in uvicorn, as the service is."""
    application = (f"{module}:app", "--app-dir", str(_DIRECTORY), "--host", "127.0.0.1", "--port", "{port}")
    options = ("--loop", "uvloop", "--http", "httptools", "--no-access-log")
    return (sys.executable, "-m", "uvicorn", *application, *options)


def _versions(installation: Path) -> dict[str, str]:
    packages = {name: installation / "node_modules" / name / "package.json" for name in _PACKAGES}
    releases = {name: str(json.loads(file.read_text(encoding="utf-8"))["version"]) for name, file in packages.items()}
    return {"Node.js": run_node("--version", cwd=installation).stdout.strip().removeprefix("v"), **releases}
