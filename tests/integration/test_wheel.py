"""The wheels are the whole service: a deployment needs no checkout. That of the schema tools needs no other."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest

from e2e.processes import ServerProcess, environment
from integration.wheels import DIRECTORIES, ROOT, built, locked, made, required

PLACES = """
import entrypoints, foundation, schema_tools
from entrypoints.migration_files import migrations_root
print(entrypoints.__file__, foundation.__file__, schema_tools.__file__, migrations_root(), sep="\\n")
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of the service and of its packages."""
    directory = tmp_path_factory.mktemp("wheels")
    return [built(source, directory) for source in DIRECTORIES]


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory, wheels: Sequence[Path]) -> Path:
    """The programs of an environment with the wheels and what is locked for production."""
    return made(tmp_path_factory.mktemp("production"), wheels, locked("runtime"))


@pytest.fixture(scope="module")
def tools_alone(tmp_path_factory: pytest.TempPathFactory, wheels: Sequence[Path]) -> Path:
    """The programs of an environment with the wheel of the schema tools and what it requires."""
    (wheel,) = (wheel for wheel in wheels if "schema_tools" in wheel.name)
    return made(tmp_path_factory.mktemp("tools"), [wheel], required(wheel))


def run(*command: str | Path, cwd: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    variables = environment(**settings)
    variables.pop("PYTHONPATH", None)
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, encoding="utf-8", check=False)


def output(*command: str | Path, cwd: Path, **settings: str) -> str:
    done = run(*command, cwd=cwd, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


def contents(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".db"))]
    return {name for name in names if ".dist-info/" not in name}


def test_the_wheel_of_the_service_holds_its_packages_and_its_migrations_and_nothing_else(
    wheels: Sequence[Path],
) -> None:
    names = contents(wheels[0])
    packages = {"domain", "application", "adapters", "entrypoints"}
    assert {name.partition("/")[0] for name in names} == packages
    for package in packages:
        sources = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src" / package).rglob("*.py")}
        assert sources <= names
    migrations = {name for name in names if name.startswith("entrypoints/migrations/")}
    revisions = {path.name for path in (ROOT / "alembic" / "versions").glob("*.py")}
    assert revisions
    assert {f"entrypoints/migrations/alembic/versions/{name}" for name in revisions} <= migrations
    assert {
        "entrypoints/migrations/alembic.ini",
        "entrypoints/migrations/alembic/env.py",
        "entrypoints/migrations/alembic/versions.lock",
    } <= migrations


def test_the_wheel_of_a_package_holds_it_with_its_types_and_nothing_else(wheels: Sequence[Path]) -> None:
    for directory, wheel in zip(DIRECTORIES[1:], wheels[1:], strict=True):
        (package,) = (path for path in (directory / "src").iterdir() if (path / "__init__.py").is_file())
        names = contents(wheel)
        assert {name.partition("/")[0] for name in names} == {package.name}
        assert {str(path.relative_to(directory / "src")) for path in package.rglob("*.py")} <= names
        assert f"{package.name}/py.typed" in names


def test_a_service_from_the_wheels_alone_migrates_writes_and_serves(production: Path, tmp_path: Path) -> None:
    command = str(production / "fastapi-service")
    url = f"sqlite+aiosqlite:///{tmp_path}/service.db"
    program = (
        "import entrypoints, foundation, schema_tools as s; from entrypoints.migration_files import migrations_root"
    )
    program += "\nprint(entrypoints.__file__, foundation.__file__, s.__file__, migrations_root(), sep='\\n')"
    places = output(production / "python", "-c", program, cwd=tmp_path)
    assert all(Path(line).is_relative_to(production.parent) for line in places.splitlines())

    output(command, "db", "upgrade", cwd=tmp_path, DATABASE_URL=url)
    create = ("users", "create", "--email", "ada@example.com", "--name", "Ada", "--format", "json")
    ada = json.loads(output(command, *create, cwd=tmp_path, DATABASE_URL=url))
    with ServerProcess(tmp_path, command=(command,), DATABASE_URL=url) as server, server.client() as http:
        assert http.get("/readyz").json() == {"status": "ready"}
        assert http.get(f"/api/v1/users/{ada['id']}").json() == ada


def test_the_schema_tools_run_where_there_is_nothing_else(tools_alone: Path, tmp_path: Path) -> None:
    for absent in ("foundation", "fastapi", "entrypoints", "pytest", "pglast", "dependency_injector"):
        assert "ModuleNotFoundError" in run(tools_alone / "python", "-c", f"import {absent}", cwd=tmp_path).stderr
    project = ("--metadata", "tables:metadata", "--sqlite", "--database", f"sqlite:///{tmp_path}/shelf.db")
    _write_project(tmp_path)

    assert output(tools_alone / "schema-tools", "lock", *project, cwd=tmp_path) == "recorded a\n"
    assert "applied a" in output(tools_alone / "schema-tools", "upgrade", *project, cwd=tmp_path)
    module = (tools_alone / "python", "-m", "schema_tools")
    (step,) = json.loads(output(*module, "history", "--format", "json", *project, cwd=tmp_path))
    assert step["status"] == "applied"
    assert run(*module, "drift", *project, cwd=tmp_path).returncode == 0
    output(*module, "docs", *project, cwd=tmp_path)
    assert "### `books`" in (tmp_path / "docs" / "database-schema.md").read_text(encoding="utf-8")
    lint = run(*module, "lint", *project, cwd=tmp_path)
    assert lint.returncode == 2
    assert "pip install pglast" in lint.stderr


FILES = {
    "alembic.ini": "[alembic]\nscript_location = %(here)s/alembic\n",
    "tables.py": """
from sqlalchemy import Column, Integer, MetaData, Table

metadata = MetaData()
Table(
    "books",
    metadata,
    Column("id", Integer, primary_key=True, comment="ID", info={"example": 1}),
    comment="Books.",
)
""",
    "alembic/env.py": """
from schema_tools.environment import run
from tables import metadata

run(metadata, str)
""",
    "alembic/versions/a.py": """
import sqlalchemy as sa
from alembic import op

revision = "a"
down_revision = None


def upgrade():
    op.create_table("books", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("books")
""",
}


def _write_project(directory: Path) -> None:
    """One table, and the revision that makes it."""
    (directory / "alembic" / "versions").mkdir(parents=True)
    for name, text in FILES.items():
        (directory / name).write_text(text, encoding="utf-8")
