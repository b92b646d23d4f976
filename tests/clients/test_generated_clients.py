"""Clients that are generated from the document of a running service work as they are generated."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from clients.generators import HERE, checked, documented_command, execute, node_modules, python_programs
from e2e.processes import ServerProcess

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


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path, DATABASE_URL="memory://") as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory for what is generated, with the packages of npm and the programs that use it."""
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "node_modules").symlink_to(node_modules())
    for name in ("package.json", "tsconfig.json"):
        shutil.copy(HERE / name, directory)
    return directory


def document_of(server: ServerProcess) -> dict[str, Any]:
    document: dict[str, Any] = httpx2.get(f"{server.url}/openapi.json").json()
    return document


def operation_ids(server: ServerProcess) -> set[str]:
    """The ids of all operations."""
    return {
        operation["operationId"]
        for operations in document_of(server)["paths"].values()
        for operation in operations.values()
    }


def patterns(node: Any) -> Iterator[str]:
    """Every pattern in a document."""
    if isinstance(node, dict) and isinstance(node.get("pattern"), str):
        yield node["pattern"]
    for member in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from patterns(member)


def in_typescript(journey: str, server: ServerProcess, project: Path) -> Any:
    """What the program sees when it was checked and compiled together with what was generated."""
    shutil.copy(HERE / journey, project)
    execute("tsc", "--project", ".", cwd=project)
    built = project / "built" / Path(journey).with_suffix(".js")
    return json.loads(execute("node", built, server.url, cwd=project))


def test_openapi_python_client_generates_a_client_that_works(server: ServerProcess, tmp_path: Path) -> None:
    said = checked(documented_command("openapi-python-client", server.url), cwd=tmp_path)
    assert "warning" not in said.lower()
    generated = tmp_path / "fastapi-service-client"
    modules = {path.stem for path in generated.glob("fastapi_service_client/api/*/*.py")} - {"__init__"}
    assert modules == operation_ids(server)
    shutil.copy(HERE / "journey.py", generated)
    mypy: list[str | Path] = [Path(sys.executable).with_name("mypy"), "--strict", "--python-executable"]
    checked([*mypy, python_programs() / "python", "journey.py"], cwd=generated)
    assert json.loads(execute("python", "journey.py", server.url, cwd=generated)) == SEEN


def test_openapi_typescript_generates_types_that_openapi_fetch_works_with(server: ServerProcess, project: Path) -> None:
    said = checked(documented_command("openapi-typescript", server.url), cwd=project)
    assert "warn" not in said.lower()
    types = (project / "schema.d.ts").read_text(encoding="utf-8")
    operations = types[types.index("export interface operations {") :]
    assert set(re.findall(r"^    (\w+): \{$", operations, re.MULTILINE)) == operation_ids(server)
    assert in_typescript("journey-fetch.ts", server, project) == SEEN


def test_hey_api_generates_a_client_that_works(server: ServerProcess, project: Path) -> None:
    said = checked(documented_command("@hey-api/openapi-ts", server.url), cwd=project)
    assert "warn" not in said.lower()
    functions = re.findall(
        r"^export const (\w+) =", (project / "client" / "sdk.gen.ts").read_text("utf-8"), re.MULTILINE
    )
    assert {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name) for name in functions} == operation_ids(server)
    assert in_typescript("journey-hey-api.ts", server, project) == SEEN


def test_re2_reads_every_pattern(server: ServerProcess, tmp_path: Path) -> None:
    found = sorted({*patterns(document_of(server))})
    assert len(found) > 20
    planted = [*found, "(?!a)a", r"\u00e9", "a{64,6144}"]
    refused = execute("python", "-c", REFUSED_BY_RE2, json.dumps(planted), cwd=tmp_path)
    assert json.loads(refused.splitlines()[-1]) == planted[-3:]
