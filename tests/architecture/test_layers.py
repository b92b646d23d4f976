"""Who may import whom. Each rule is seen to hold, and seen to fail where it is broken."""

import ast
import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from inspect import get_annotations
from pathlib import Path
from typing import Any

import pytest

import domain
from application.unit_of_work import UnitOfWork
from architecture.sources import ROOT, ROOTS, SRC, imports, module_name, own_files, parsed, python_files
from e2e.processes import environment
from foundation.kernel.entity import Entity

# For each contract of pyproject.toml: where in a copy of the project to write which import, so that it is broken.
INWARDS = "Imports point inwards: entrypoints, adapters, application, domain"
VIOLATIONS = [
    (INWARDS, "src/domain/users/user.py", "application.users"),
    (INWARDS, "src/application/unit_of_work.py", "adapters.memory"),
    (INWARDS, "src/adapters/memory/users.py", "entrypoints.settings"),
    ("The schema tools know neither the service nor the foundation",
     "packages/schema-tools/src/schema_tools/errors.py", "foundation.kernel.errors"),
    ("Only the command line drives the schema tools", "src/entrypoints/http/app.py", "schema_tools.migrations.runner"),
    ("The inside knows no technology", "src/domain/users/user.py", "pydantic"),
    ("The inside knows no technology", "packages/foundation/src/foundation/kernel/retry.py", "sqlalchemy.exc"),
    ("Only the adapters of SQLAlchemy speak to SQLAlchemy", "src/entrypoints/http/app.py", "sqlalchemy"),
    ("Only the entrypoints of HTTP speak to FastAPI", "src/entrypoints/cli/main.py", "fastapi"),
]  # fmt: skip


def lint_imports(project: Path) -> subprocess.CompletedProcess[str]:
    """Lint the imports of a project with the contracts in its pyproject.toml."""
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=project,
        env=environment(PYTHONPATH=os.pathsep.join(str(project / root) for root in ROOTS)),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def contracts() -> set[str]:
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what is linted."""
    for root in ROOTS:
        shutil.copytree(ROOT / root, tmp_path / root, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_project_keeps_every_contract() -> None:
    linted = lint_imports(ROOT)
    assert linted.returncode == 0, linted.stdout
    assert f"Contracts: {len(contracts())} kept, 0 broken." in linted.stdout


def test_each_contract_has_been_broken_once() -> None:
    assert {contract for contract, _file, _module in VIOLATIONS} == contracts()


@pytest.mark.parametrize(("contract", "file", "module"), VIOLATIONS)
def test_a_broken_contract_is_reported(copy: Path, contract: str, file: str, module: str) -> None:
    with (copy / file).open("a", encoding="utf-8") as source:
        source.write(f"\nimport {module}\n")
    linted = lint_imports(copy)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert f"{contract} BROKEN" in linted.stdout


# What import-linter's contracts cannot say: they list who may not, and forget modules that are yet to be written.

ROOMS = ("adapters.sqlalchemy", "foundation.sqlalchemy")
SPEAKERS = {
    "fastapi": ("entrypoints.http", "foundation.http"),
    "starlette": ("entrypoints.http", "foundation.http"),
    "sqlalchemy": (*ROOMS, "schema_tools"),
    "alembic": ("schema_tools", "entrypoints.migration_files"),
    "psycopg": (*ROOMS, "schema_tools"),
    "pglast": ("schema_tools",),
    "dependency_injector": ("entrypoints.container",),
    "typer": ("entrypoints.cli", "foundation.cli", "schema_tools.cli"),
    "rich": ("schema_tools.cli",),
    "uvicorn": ("entrypoints.cli", "entrypoints.http", "foundation.http"),
    "pydantic": ("entrypoints", "foundation.http"),
}


def outsiders(module: str, tree: ast.Module) -> set[str]:
    """The libraries that the module imports and that only others may."""
    imported = {name.partition(".")[0] for name, _ in imports(tree)}
    return {library for library in imported & SPEAKERS.keys() if not _is_within(module, SPEAKERS[library])}


def _is_within(module: str, packages: tuple[str, ...]) -> bool:
    return any(f"{module}.".startswith(f"{package}.") for package in packages)


def test_a_library_is_spoken_to_in_its_room_only() -> None:
    assert {module_name(file): outsiders(module_name(file), parsed(file)) for file in own_files()} == {
        module_name(file): set() for file in own_files()
    }


def test_a_library_in_the_wrong_room_would_be_noticed() -> None:
    tree = ast.parse("def late():\n    from sqlalchemy.orm import Session")
    assert outsiders("foundation.http.requests.cursors", tree) == {"sqlalchemy"}
    assert outsiders("foundation.sqlalchemy.database", tree) == set()


def beside_the_standard_library(directory: Path) -> set[str]:
    files = python_files(directory)
    return {name.partition(".")[0] for file in files for name, _ in imports(parsed(file))} - sys.stdlib_module_names


def test_the_domain_imports_the_standard_library_and_itself_only() -> None:
    assert beside_the_standard_library(SRC / "domain") == {"domain", "foundation"}


def test_the_application_adds_the_domain_only() -> None:
    assert beside_the_standard_library(SRC / "application") == {"application", "domain", "foundation"}


def entities() -> set[str]:
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        importlib.import_module(module.name)
    found = {entity.__name__ for entity in _narrower(Entity)}
    assert "User" in found
    return found


def _narrower(kind: type[Entity[Any]]) -> Iterator[type[Entity[Any]]]:
    for narrower in kind.__subclasses__():
        yield narrower
        yield from _narrower(narrower)


def knows_table_and_entity(tree: ast.Module) -> bool:
    found = list(imports(tree))
    knows_table = any(_is_within(module, ("adapters.sqlalchemy.tables",)) for module, _name in found)
    return knows_table and any(name in entities() for _module, name in found)


def test_only_the_adapters_of_entities_know_both_a_table_and_an_entity() -> None:
    knowing = {module_name(file) for file in own_files() if knows_table_and_entity(parsed(file))}
    assert knowing == {f"adapters.sqlalchemy.{name}" for name in get_annotations(UnitOfWork)}


def reads_environment(tree: ast.Module) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return bool(names & attributes) or any(module == "os" and name in names for module, name in imports(tree))


def test_the_environment_is_read_in_the_settings_only() -> None:
    readers = {module_name(file) for file in own_files() if reads_environment(parsed(file))}
    assert readers == {"entrypoints.settings"}


@pytest.mark.parametrize(
    "source", ["import os\nos.environ['X']", "from os import getenv", "import os as o\no.getenv('X')"]
)
def test_reading_the_environment_elsewhere_would_be_noticed(source: str) -> None:
    assert reads_environment(ast.parse(source))
