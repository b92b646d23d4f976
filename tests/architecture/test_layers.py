"""Who may import whom. Each rule is seen to hold, and seen to fail where it is broken."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from architecture.sources import ROOT, ROOTS, imports, parsed, python_files, trees
from e2e.processes import environment

# For each contract of pyproject.toml: where in a copy of the project to write which import, so that it is broken.
INWARDS = "Imports point inwards: entrypoints, adapters, application, domain"
ROOMS_APART = "The rooms of the foundation know the kernel, and not each other"
VIOLATIONS = [
    (INWARDS, "src/domain/users/user.py", "application.users"),
    (INWARDS, "src/application/unit_of_work.py", "adapters.memory"),
    (INWARDS, "src/adapters/memory/users.py", "entrypoints.settings"),
    ("The schema tools know neither the service nor the foundation",
     "packages/schema-tools/src/schema_tools/errors.py", "foundation.kernel.errors"),
    ("The foundation knows nothing of the service",
     "packages/foundation/src/foundation/kernel/clock.py", "domain.users.user"),
    (ROOMS_APART, "packages/foundation/src/foundation/http/responses.py", "foundation.sqlalchemy"),
    (ROOMS_APART, "packages/foundation/src/foundation/memory/store.py", "foundation.http"),
    (ROOMS_APART, "packages/foundation/src/foundation/oidc/settings.py", "foundation.http"),
    (ROOMS_APART, "packages/foundation/src/foundation/kernel/clock.py", "foundation.memory"),
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


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is reported about each contract in a copy of the project that has every violation."""
    copy = tmp_path_factory.mktemp("copy")
    for root in ROOTS:
        shutil.copytree(ROOT / root, copy / root, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for _contract, file, module in VIOLATIONS:
        with (copy / file).open("a", encoding="utf-8") as source:
            source.write(f"\nimport {module}\n")
    linted = lint_imports(copy)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    _before, *parts = re.split(r"^(.+)\n-+\n", linted.stdout.partition("Broken contracts")[2], flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_the_project_keeps_every_contract() -> None:
    linted = lint_imports(ROOT)
    assert linted.returncode == 0, linted.stdout
    assert f"Contracts: {len(contracts())} kept, 0 broken." in linted.stdout


def test_each_contract_has_been_broken_once() -> None:
    assert {contract for contract, _file, _module in VIOLATIONS} == contracts()


@pytest.mark.parametrize(("contract", "file", "module"), VIOLATIONS)
def test_a_broken_contract_is_reported(reported: dict[str, str], contract: str, file: str, module: str) -> None:
    importer = file.partition("src/")[2].rpartition("src/")[2].removesuffix(".py").replace("/", ".")
    assert re.search(rf"{importer} -> {module.partition('.')[0]}\b", reported[contract]), reported[contract]


# What import-linter's contracts cannot say: they list who may not, and forget modules that are yet to be written.

ROOMS = ("adapters.sqlalchemy", "foundation.sqlalchemy", "foundation.testing", "schema_tools")
SPEAKERS = {
    "fastapi": ("entrypoints.http", "foundation.http", "foundation.testing"),
    "starlette": ("entrypoints.http", "foundation.http", "foundation.testing"),
    "sqlalchemy": ROOMS,
    "psycopg": ROOMS,
    "aiosqlite": ROOMS,
    "alembic": ("schema_tools", "entrypoints.migration_files"),
    "pglast": ("schema_tools",),
    "pytest": ("foundation.testing", "schema_tools.testing"),
    "dependency_injector": ("entrypoints.container",),
    "joserfc": ("foundation.oidc",),
    "httpx2": ("foundation.oidc", "foundation.testing"),
    "typer": ("entrypoints.cli", "foundation.cli", "schema_tools.cli"),
    "rich": ("foundation.cli", "schema_tools.cli"),
    "uvicorn": ("foundation.cli", "foundation.http"),
    "pydantic": ("entrypoints", "foundation.http", "foundation.settings", "foundation.setting_values"),
    "pydantic_settings": ("entrypoints.settings", "foundation.access_settings", "foundation.settings"),
}


def outsiders(module: str, tree: ast.Module) -> set[str]:
    """The libraries that the module imports and that only others may."""
    imported = {name.partition(".")[0] for name, _ in imports(tree)}
    return {library for library in imported & SPEAKERS.keys() if not _is_within(module, SPEAKERS[library])}


def _is_within(module: str, packages: tuple[str, ...]) -> bool:
    return any(f"{module}.".startswith(f"{package}.") for package in packages)


def test_a_library_is_spoken_to_in_its_room_only() -> None:
    found = {module: outsiders(module, tree) for module, tree in trees().items()}
    assert {module: libraries for module, libraries in found.items() if libraries} == {}


def test_a_library_in_the_wrong_room_would_be_noticed() -> None:
    tree = ast.parse("def late():\n    from sqlalchemy.orm import Session")
    assert outsiders("foundation.http.requests.cursors", tree) == {"sqlalchemy"}
    assert outsiders("foundation.sqlalchemy.database", tree) == set()


# What each of these rooms may import beside the standard library.
PURE = {
    "foundation.kernel": ("foundation.kernel",),
    "domain": ("domain", "foundation.kernel"),
    "application": ("application", "domain", "foundation.kernel"),
}


def beside_the_standard_library(room: str, modules: Mapping[str, ast.Module]) -> set[str]:
    """What the modules of a room import that is neither of the standard library nor of the rooms that it may import."""
    return {
        imported
        for module, tree in modules.items()
        if _is_within(module, (room,))
        for imported, _ in imports(tree)
        if imported.partition(".")[0] not in sys.stdlib_module_names and not _is_within(imported, PURE[room])
    }


@pytest.mark.parametrize("room", PURE)
def test_the_inside_imports_the_standard_library_and_what_is_further_inside_only(room: str) -> None:
    assert beside_the_standard_library(room, trees()) == set()


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("foundation.kernel.planted", "domain.planted"),
        ("foundation.kernel.planted", "attr"),
        ("domain.planted", "application.planted"),
        ("domain.planted", "foundation.times"),
        ("application.planted", "foundation.files.reading"),
        ("application.planted", "pydantic"),
    ],
)
def test_an_import_from_further_outside_would_be_noticed(module: str, imported: str) -> None:
    planted = {module: ast.parse(f"def late():\n    from {imported} import planted")}
    (room,) = (room for room in PURE if _is_within(module, (room,)))
    assert beside_the_standard_library(room, planted) == {imported}


def of_the_service(tree: ast.Module) -> set[str]:
    """What a module imports of `src`, and of what the tests of the service share."""
    ours = {path.stem for directory in ("src", "tests") for path in (ROOT / directory).iterdir()}
    return {name for name, _ in imports(tree) if name.partition(".")[0] in ours}


def test_the_tests_of_a_package_need_no_service() -> None:
    files = [file for directory in ROOT.glob("packages/*/tests") for file in python_files(directory)]
    assert {str(file.relative_to(ROOT)): found for file in files if (found := of_the_service(parsed(file)))} == {}


@pytest.mark.parametrize("source", ["from domain.users.user import User", "from e2e.processes import ServerProcess"])
def test_a_test_of_a_package_that_needs_the_service_would_be_noticed(source: str) -> None:
    assert of_the_service(ast.parse(source))


TABLES = "adapters.sqlalchemy.tables"


def entity_classes(modules: Mapping[str, ast.Module]) -> set[str]:
    """The names of the entities of the domain."""
    return {
        node.name
        for module, tree in modules.items()
        if _is_within(module, ("domain",))
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any("Entity" in ast.unparse(base) for base in node.bases)
    }


def mixing(modules: Mapping[str, ast.Module]) -> dict[str, list[str]]:
    """The entities that a module of the tables knows, or more than one module that knows a table, each with those."""
    found = {}
    for entity in entity_classes(modules):
        knowing = [module for module, tree in modules.items() if entity in _names_of_the_domain(tree)]
        tables = [module for module in knowing if _is_within(module, (TABLES,))]
        both = [module for module in knowing if any(_is_within(one, (TABLES,)) for one, _ in imports(modules[module]))]
        if tables or len(both) > 1:
            found[entity] = sorted({*tables, *both})
    return found


def _names_of_the_domain(tree: ast.Module) -> set[str | None]:
    return {name for module, name in imports(tree) if _is_within(module, ("domain",))}


def test_tables_know_no_entity_and_one_module_maps_each() -> None:
    assert entity_classes(trees())
    assert mixing(trees()) == {}


def test_a_table_that_knows_an_entity_and_a_second_mapping_would_be_noticed() -> None:
    modules = {
        "domain.orders": ast.parse("class Order(Entity[OrderId]):\n    pass"),
        TABLES: ast.parse(""),
        "adapters.sqlalchemy.orders": ast.parse(f"from {TABLES} import orders\nfrom domain.orders import Order"),
        "adapters.sqlalchemy.reports": ast.parse(f"from {TABLES} import orders"),
    }
    assert mixing(modules) == {}

    knowing = modules | {TABLES: ast.parse("from domain.orders import Order")}
    assert mixing(knowing) == {"Order": ["adapters.sqlalchemy.orders", TABLES]}

    twice = modules | {"adapters.sqlalchemy.reports": modules["adapters.sqlalchemy.orders"]}
    assert mixing(twice) == {"Order": ["adapters.sqlalchemy.orders", "adapters.sqlalchemy.reports"]}


# A test suite is told by the environment which servers to use.
MAY_READ_IT = ("entrypoints.settings", "foundation.settings", "foundation.testing", "schema_tools.testing")


def reads_environment(tree: ast.Module) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return bool(names & attributes) or any(module == "os" and name in names for module, name in imports(tree))


def test_the_environment_is_read_in_the_settings_only() -> None:
    readers = {module for module, tree in trees().items() if reads_environment(tree)}
    assert {reader for reader in readers if reader.rpartition(".")[2] != "settings"} == {
        "schema_tools.testing.postgres_servers",
        "schema_tools.libpq_environment",  # which libpq gets, without the variables about another server
        "schema_tools.reporting.git",  # which git gets, without the variables of a hook
    }


@pytest.mark.parametrize(
    "source", ["import os\nos.environ['X']", "from os import getenv", "import os as o\no.getenv('X')"]
)
def test_reading_the_environment_elsewhere_would_be_noticed(source: str) -> None:
    assert reads_environment(ast.parse(source))
