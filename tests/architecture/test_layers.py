"""Who may import whom. Each rule is seen to hold, and seen to fail where it is broken."""

import ast
import importlib
import pkgutil
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import domain
from architecture.sources import ROOT, SRC, imports, module_name, parsed, python_files
from domain.entity import Entity
from e2e.processes import environment

# For each contract of pyproject.toml: where in a copy of the project to write which import, so that it is broken.
INWARDS = "Imports point inwards: entrypoints, adapters, application, domain"
VIOLATIONS = [
    (INWARDS, "domain/users/user.py", "application.errors"),
    (INWARDS, "application/retry.py", "adapters.memory"),
    (INWARDS, "adapters/memory/store.py", "entrypoints.settings"),
    ("The schema tools know nothing of the service", "schema_tools/errors.py", "domain.errors"),
    ("Only the command line drives the schema tools", "entrypoints/http/health.py", "schema_tools.migrations.runner"),
    ("The inside knows no technology", "domain/users/user.py", "pydantic"),
    ("The inside knows no technology", "application/retry.py", "sqlalchemy.exc"),
    ("Only adapters.sqlalchemy speaks to SQLAlchemy", "entrypoints/http/health.py", "sqlalchemy"),
    ("Only entrypoints.http speaks to FastAPI", "adapters/system/clock.py", "fastapi"),
    ("Tables know no entity and no use case", "adapters/sqlalchemy/tables/users.py", "domain.users.user"),
    ("Queries read rows and know no entity", "adapters/sqlalchemy/queries/users.py", "domain.users.user"),
    ("Repositories handle entities and know no table", "adapters/sqlalchemy/repositories/users.py",
     "adapters.sqlalchemy.tables"),
]  # fmt: skip


def lint_imports(project: Path) -> subprocess.CompletedProcess[str]:
    """Lint the imports of a project with the contracts in its pyproject.toml."""
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=project,
        env=environment(PYTHONPATH=str(project / "src")),
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
    shutil.copytree(SRC, tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
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
    with (copy / "src" / file).open("a", encoding="utf-8") as source:
        source.write(f"\nimport {module}\n")
    linted = lint_imports(copy)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert f"{contract} BROKEN" in linted.stdout


# What import-linter's contracts cannot say: they list who may not, and forget modules that are yet to be written.

SPEAKERS = {
    "fastapi": ("entrypoints.http",),
    "starlette": ("entrypoints.http",),
    "sqlalchemy": ("adapters.sqlalchemy", "schema_tools"),
    "alembic": ("schema_tools", "entrypoints.migration_files"),
    "psycopg": ("adapters.sqlalchemy", "schema_tools"),
    "pglast": ("schema_tools",),
    "dependency_injector": ("entrypoints.container",),
    "typer": ("entrypoints.cli", "schema_tools.cli"),
    "rich": ("schema_tools.cli",),
    "uvicorn": ("entrypoints.cli", "entrypoints.http"),
    "pydantic": ("entrypoints",),
}


def outsiders(module: str, tree: ast.Module) -> set[str]:
    """The libraries that the module imports and that only others may."""
    imported = {name.partition(".")[0] for name, _ in imports(tree)}
    return {library for library in imported & SPEAKERS.keys() if not _is_within(module, SPEAKERS[library])}


def _is_within(module: str, packages: tuple[str, ...]) -> bool:
    return any(f"{module}.".startswith(f"{package}.") for package in packages)


def test_a_library_is_spoken_to_in_its_room_only() -> None:
    assert {module_name(file): outsiders(module_name(file), parsed(file)) for file in python_files(SRC)} == {
        module_name(file): set() for file in python_files(SRC)
    }


def test_a_library_in_the_wrong_room_would_be_noticed() -> None:
    tree = ast.parse("def late():\n    from sqlalchemy.orm import Session")
    assert outsiders("entrypoints.cursors", tree) == {"sqlalchemy"}
    assert outsiders("adapters.sqlalchemy.engine", tree) == set()


def beside_the_standard_library(package: str) -> set[str]:
    files = python_files(SRC / package)
    return {name.partition(".")[0] for file in files for name, _ in imports(parsed(file))} - sys.stdlib_module_names


def test_the_domain_imports_the_standard_library_and_itself_only() -> None:
    assert beside_the_standard_library("domain") == {"domain"}


def test_the_application_adds_the_domain_only() -> None:
    assert beside_the_standard_library("application") == {"application", "domain"}


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


def test_only_the_mappings_know_both_a_table_and_an_entity() -> None:
    knowing = {module_name(file) for file in python_files(SRC) if knows_table_and_entity(parsed(file))}
    assert knowing == {"adapters.sqlalchemy.mappings.users"}


def reads_environment(tree: ast.Module) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return bool(names & attributes) or any(module == "os" and name in names for module, name in imports(tree))


def test_the_environment_is_read_in_the_settings_only() -> None:
    readers = {module_name(file) for file in python_files(SRC) if reads_environment(parsed(file))}
    assert readers == {"entrypoints.settings"}


@pytest.mark.parametrize(
    "source", ["import os\nos.environ['X']", "from os import getenv", "import os as o\no.getenv('X')"]
)
def test_reading_the_environment_elsewhere_would_be_noticed(source: str) -> None:
    assert reads_environment(ast.parse(source))
