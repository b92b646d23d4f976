"""The file of the embedded database: deleted, replaced, full, and not to be written to."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from e2e.answers import create, problem
from e2e.processes import CONSOLE_SCRIPT, ServerProcess, environment, eventually
from foundation.kernel.errors import StorageUnavailable
from foundation.sqlalchemy.limits import Limits
from foundation.sqlalchemy.sqlite import database_file
from foundation.sqlalchemy.sqlite.database_file import DatabaseFile
from foundation.sqlalchemy.sqlite.engine import open_sqlite
from running_servers import Storages
from schema_tools.postgres import launcher

USERS = "/api/v1/users"


def file_of(url: str) -> Path:
    return Path(url.partition(":///")[2])


@pytest.mark.parametrize("fate", ["deleted", "replaced"])
def test_a_file_that_is_deleted_or_replaced_takes_no_more_writes(storages: Storages, tmp_path: Path, fate: str) -> None:
    with (
        storages.migrated("sqlite") as url,
        ServerProcess(tmp_path, DATABASE_URL=url) as server,
        server.client() as http,
    ):
        create(http)
        file = file_of(url)
        copy = file.with_suffix(".copy")
        shutil.copy(file, copy)
        if fate == "replaced":
            copy.rename(file)
        else:
            file.unlink()
        user = {"email": "lost@example.com", "name": "Lost"}
        problem(http.post(USERS, json=user), 503, "storage-unavailable")
        eventually("readiness says it", lambda: "deleted or replaced" in http.get("/readyz").text)


def test_a_disk_without_room_is_no_place_to_be_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "service.db"
    path.touch()
    DatabaseFile(path).check()
    monkeypatch.setattr(database_file, "_NEEDED", 1 << 60)
    with pytest.raises(StorageUnavailable, match="no room left"):
        DatabaseFile(path).check()


def test_a_file_that_may_not_be_written_to_is_read(storages: Storages, tmp_path: Path) -> None:
    with storages.migrated("sqlite") as url:
        file = tmp_path / "service.db"
        shutil.copy(file_of(url), file)
        file.chmod(0o444)

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            # Root may write anything, so this is nobody, where root can become that.
            become = [sys.executable, "-I", "-S", launcher.__file__, "namespace"] if os.geteuid() == 0 else []
            settings = environment(DATABASE_URL=f"sqlite+aiosqlite:///{file}")
            command = [*become, CONSOLE_SCRIPT, "users", *arguments]
            return subprocess.run(command, env=settings, cwd=tmp_path, capture_output=True, text=True, check=False)

        listed = run("list")
        assert (listed.returncode, listed.stderr) == (0, "")
        refused = run("create", "--email", "a@example.com", "--name", "A")
        assert (refused.returncode, "may not be written to" in refused.stderr) == (2, True), refused


@pytest.mark.parametrize(("writable", "store"), [(True, 1), (False, 2)])
def test_without_a_directory_for_temporary_files_an_import_is_undone_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, writable: bool, store: int
) -> None:
    if not writable:
        monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "missing")])
    monkeypatch.setattr(tempfile, "tempdir", None)

    async def chosen() -> int:
        limits = Limits(1, 1, *(timedelta(seconds=5),) * 6)
        engine = open_sqlite(make_url(f"sqlite+aiosqlite:///{tmp_path}/service.db"), limits, 1)
        async with engine.connect() as connection:
            answer = await connection.exec_driver_sql("PRAGMA temp_store")
        await engine.dispose()
        return int(answer.scalar_one())

    assert asyncio.run(chosen()) == store
