"""The wheel is the whole service: a deployment needs no checkout."""

import json
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from e2e.processes import ServerProcess, environment

ROOT = Path(__file__).parents[2]
# What the console script does, with the packages that come first on the path.
RUN = "from entrypoints.cli.main import run; run()"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)]
    built = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    [file] = directory.glob("*.whl")
    return file


def test_the_wheel_holds_the_packages_and_the_migrations_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
    packages = {"domain", "application", "adapters", "entrypoints"}
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == packages
    for package in packages:
        sources = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src" / package).rglob("*.py")}
        assert sources <= set(names)
    migrations = {name for name in names if name.startswith("entrypoints/migrations/")}
    revisions = {path.name for path in (ROOT / "alembic" / "versions").glob("*.py")}
    assert revisions
    assert {f"entrypoints/migrations/alembic/versions/{name}" for name in revisions} <= migrations
    assert {
        "entrypoints/migrations/alembic.ini",
        "entrypoints/migrations/alembic/env.py",
        "entrypoints/migrations/alembic/versions.lock",
    } <= migrations
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".db"))]


def test_a_service_from_the_wheel_alone_migrates_writes_and_serves(wheel: Path, tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    with ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    directory = tmp_path / "empty"
    directory.mkdir()
    settings = {"DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/service.db", "PYTHONPATH": str(unpacked)}

    def python(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=directory,
            env=environment(**settings),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    found = python("-c", "import entrypoints.migration_files as m; print(m.__file__, m.migrations_root(), sep='\\n')")
    assert all(Path(line).is_relative_to(unpacked) for line in found.splitlines())
    python("-c", RUN, "db", "upgrade")
    create = ("users", "create", "--email", "ada@example.com", "--name", "Ada", "--format", "json")
    ada = json.loads(python("-c", RUN, *create))
    with (
        ServerProcess(directory, command=(sys.executable, "-c", RUN), **settings) as server,
        server.client() as http,
    ):
        assert http.get("/readyz").json() == {"status": "ready"}
        assert http.get(f"/api/v1/users/{ada['id']}").json() == ada
