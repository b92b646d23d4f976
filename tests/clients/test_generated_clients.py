"""Clients that are generated from the document of a running service work as they are generated."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from application.unit_of_work import SCOPES
from clients.generators import HERE, checked, documented_command, execute, node_modules, python_programs
from e2e.processes import ServerProcess, run_cli

EXPORTED = [
    ("ada@example.com", "Ada King"),
    ("bea@example.com", "Bea"),
    ("cay@example.com", "Cay"),
    ("dee@example.com", "Dee"),
    ("eve@example.com", "Eve"),
]
REFUSED_BY_RE2 = """
import json, re2, sys

def refused(pattern):
    try:
        re2.compile(pattern)
    except re2.error:
        return True
    return False

print(json.dumps([pattern for pattern in json.loads(sys.argv[1]) if refused(pattern)]))
"""
SEEN = {
    "created": "ada@example.com",
    "changed": ["Ada King", 412, "/problems/precondition-failed"],
    "read": ["Ada King", 304],
    "batch": ["Bea", "Cay"],
    "imported": [[1, 0, 1], [1, 1, 0]],
    "pages": [["Eve", "Dee", "Cay"], ["Bea", "Ada King"]],
    "filtered": [["Eve"], 5],
    "exported": [
        "".join(f'{{"email":"{email}","name":"{name}"}}\n' for email, name in EXPORTED),
        "email,name\r\n" + "".join(f"{email},{name}\r\n" for email, name in EXPORTED),
    ],
    "refused": [422, ["#/email"]],
    "deleted": 204,
}
SEEN_WITH_A_KEY = {
    "refused": [[401, "/problems/unauthenticated"], [401, "/problems/unauthenticated"]],
    "created": "ada@example.com",
    "imported": 1,
    "exported": '{"email":"ada@example.com","name":"Ada"}\n{"email":"bea@example.com","name":"Bea"}\n',
    "with less": ["users:read", [403, "/problems/forbidden"], 204, [401, "/problems/unauthenticated"]],
    "deleted": 204,
}


@dataclass(frozen=True)
class Service:
    """A service that runs, and what the programs in this directory see of it.

    With `secrets`, an API key with all scopes, they are those whose names end in `with-a-key`.
    """

    server: ServerProcess
    seen: dict[str, Any]
    secrets: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def suffix(self) -> str:
        return "-with-a-key" if self.secrets else ""


@pytest.fixture(params=["open", "protected"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    if request.param == "open":
        with ServerProcess(tmp_path, DATABASE_URL="memory://") as server:
            yield Service(server, SEEN)
        return
    settings = {"DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/service.sqlite3", "AUTH_MODE": "api-keys"}
    with ServerProcess(tmp_path, "--upgrade-embedded", **settings) as server:
        yield Service(server, SEEN_WITH_A_KEY, (new_key(tmp_path, settings),))


def new_key(directory: Path, settings: dict[str, str]) -> str:
    """The secret of a key that has every scope."""
    scopes = [argument for scope in sorted(SCOPES) for argument in ("--scope", scope)]
    done = run_cli("keys", "create", "--name", "Client", *scopes, "--format", "json", cwd=directory, **settings)
    assert done.returncode == 0, done.stderr
    secret: str = json.loads(done.stdout)["secret"]
    return secret


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory for what is generated, with the packages of npm and the programs that use it."""
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "node_modules").symlink_to(node_modules())
    for name in ("package.json", "tsconfig.json"):
        shutil.copy(HERE / name, directory)
    return directory


def document_of(service: Service) -> dict[str, Any]:
    document: dict[str, Any] = httpx2.get(f"{service.url}/openapi.json").json()
    return document


def operation_ids(service: Service) -> set[str]:
    """The ids of all operations."""
    return {
        operation["operationId"]
        for operations in document_of(service)["paths"].values()
        for operation in operations.values()
    }


def patterns(node: Any) -> Iterator[str]:
    """Every pattern in a document."""
    if isinstance(node, dict) and isinstance(node.get("pattern"), str):
        yield node["pattern"]
    for member in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from patterns(member)


def in_typescript(journey: str, service: Service, project: Path) -> Any:
    """What the program sees when it was checked and compiled together with what was generated."""
    journey += service.suffix
    shutil.copy(HERE / f"{journey}.ts", project)
    execute("tsc", "--project", ".", cwd=project)
    built = project / "built" / f"{journey}.js"
    return json.loads(execute("node", built, service.url, *service.secrets, cwd=project))


def test_openapi_python_client_generates_a_client_that_works(service: Service, tmp_path: Path) -> None:
    said = checked(documented_command("openapi-python-client", service.url), cwd=tmp_path)
    assert "warning" not in said.lower()
    generated = tmp_path / "fastapi-service-client"
    modules = {path.stem for path in generated.glob("fastapi_service_client/api/*/*.py")} - {"__init__"}
    assert modules == operation_ids(service)
    journey = f"journey{service.suffix.replace('-', '_')}.py"
    shutil.copy(HERE / journey, generated)
    mypy: list[str | Path] = [Path(sys.executable).with_name("mypy"), "--strict", "--python-executable"]
    checked([*mypy, python_programs() / "python", journey], cwd=generated)
    assert json.loads(execute("python", journey, service.url, *service.secrets, cwd=generated)) == service.seen


def test_openapi_typescript_generates_types_that_openapi_fetch_works_with(service: Service, project: Path) -> None:
    said = checked(documented_command("openapi-typescript", service.url), cwd=project)
    assert "warn" not in said.lower()
    types = (project / "schema.d.ts").read_text(encoding="utf-8")
    operations = types[types.index("export interface operations {") :]
    assert set(re.findall(r"^    (\w+): \{$", operations, re.MULTILINE)) == operation_ids(service)
    assert in_typescript("journey-fetch", service, project) == service.seen


def test_hey_api_generates_a_client_that_works(service: Service, project: Path) -> None:
    said = checked(documented_command("@hey-api/openapi-ts", service.url), cwd=project)
    assert "warn" not in said.lower()
    functions = re.findall(
        r"^export const (\w+) =", (project / "client" / "sdk.gen.ts").read_text("utf-8"), re.MULTILINE
    )
    assert {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name) for name in functions} == operation_ids(service)
    assert in_typescript("journey-hey-api", service, project) == service.seen


def test_re2_reads_every_pattern(service: Service, tmp_path: Path) -> None:
    found = sorted({*patterns(document_of(service))})
    assert len(found) > 20
    planted = [*found, "(?!a)a", r"\u00e9", "a{64,6144}"]
    refused = execute("python", "-c", REFUSED_BY_RE2, json.dumps(planted), cwd=tmp_path)
    assert json.loads(refused.splitlines()[-1]) == planted[-3:]
