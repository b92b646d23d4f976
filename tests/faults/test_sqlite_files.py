"""The file of the embedded database: deleted, replaced, full, and not to be written to."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from e2e.answers import create, problem
from e2e.processes import CONSOLE_SCRIPT, ServerProcess, environment, eventually
from faults import programs
from faults.test_frozen_database import LATE, in_parallel, kind
from foundation.sqlalchemy.limits import Limits
from foundation.sqlalchemy.sqlite.engine import database_file, open_sqlite
from running_servers import Storages
from schema_tools.postgres import launcher

if TYPE_CHECKING:
    import httpx2

USERS = "/api/v1/users"


def file_of(url: str) -> Path:
    return Path(url.partition(":///")[2])


@pytest.mark.parametrize("fate", ["deleted", "replaced", "log deleted", "restored meanwhile"])
def test_a_file_that_is_deleted_or_replaced_takes_no_more_writes(storages: Storages, tmp_path: Path, fate: str) -> None:
    # A worker that opens the database when the log is gone knows no other one.
    workers = {} if fate in {"deleted", "replaced"} else {"SERVER_WORKERS": "1"}
    with (
        storages.migrated("sqlite") as url,
        ServerProcess(tmp_path, DATABASE_URL=url, **workers) as server,
        server.client() as http,
    ):
        create(http)
        file = file_of(url)
        copy = file.with_suffix(".copy")
        shutil.copy(file, copy)
        log = file.with_name(f"{file.name}-wal")
        if fate == "deleted":
            file.unlink()
        elif fate == "replaced":
            copy.rename(file)
        else:
            log.unlink()
        if fate == "restored meanwhile":
            file.with_name(f"{file.name}-shm").unlink()
            shutil.copy(copy, file)
        for number in range(4):
            user = {"email": f"lost{number}@example.com", "name": "Lost"}
            problem(http.post(USERS, json=user), 503, "storage-unavailable")
        for _ in range(4):  # any worker, whether it has used the file or not
            with server.client() as other:
                eventually("readiness says it", lambda: "deleted or replaced" in other.get("/readyz").text)
        assert file.exists() == (fate != "deleted")
        assert "internal-error" not in server.log


@pytest.mark.skipif(shutil.which("unshare") is None, reason=programs.reason("unshare"))
def test_on_a_full_disk_reads_are_answered_and_writes_again_when_there_is_room(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = f'mount -t tmpfs -o size=2m tmpfs "{disk}" && exec "$0" "$@"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mounting, CONSOLE_SCRIPT]
    url = f"sqlite+aiosqlite:///{disk}/service.db"
    settings = {"DATABASE_URL": url, "SERVER_WORKERS": "1"}
    with ServerProcess(tmp_path, "--upgrade-embedded", command=command, **settings) as server, server.client() as http:
        first = create(http)
        within = Path(f"/proc/{server.pid}/root{disk}")
        assert (within / "service.db").exists()
        with suppress(OSError), (within / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))
        refused = http.post(
            f"{USERS}/batch", json={"items": [{"email": f"a{n}@example.com", "name": "A" * 200} for n in range(99)]}
        )
        problem(refused, 503, "storage-unavailable")
        assert http.get(f"{USERS}/{first['id']}").status_code == 200
        eventually("readiness says it", lambda: "no room left" in http.get("/readyz").text)
        (within / "ballast").unlink()
        eventually("the service is ready", lambda: http.get("/readyz").status_code == 200)
        create(http, "room@example.com")
        assert len(http.get(USERS).json()["items"]) == 2


HANGING = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>
/* Each call waits as long as the file is there that the variable names. */
static void hang(const char *variable) {
  const char *file = getenv(variable);
  while (file && access(file, F_OK) == 0) usleep(5000);
}
#define NEXT(name) static __typeof__(name) *next; if (!next) next = dlsym(RTLD_NEXT, #name); hang("HANGS_WHILE")
int fsync(int file) { NEXT(fsync); hang("SYNC_HANGS_WHILE"); return next(file); }
int fdatasync(int file) { NEXT(fdatasync); hang("SYNC_HANGS_WHILE"); return next(file); }
ssize_t pread64(int file, void *to, size_t size, off64_t at) { NEXT(pread64); return next(file, to, size, at); }
ssize_t pwrite64(int file, const void *it, size_t size, off64_t at) { NEXT(pwrite64); return next(file, it, size, at); }
"""


@dataclass(frozen=True)
class HangingDisk:
    """A service on a disk that hangs in every call, or in those alone that make a commit durable."""

    server: ServerProcess
    calls: Path
    syncs: Path


@pytest.fixture
def hanging_disk(storages: Storages, tmp_path: Path) -> Iterator[HangingDisk]:
    if shutil.which("gcc") is None:
        pytest.skip(programs.reason("gcc"))
    source, library = tmp_path / "hanging.c", tmp_path / "hanging.so"
    source.write_text(HANGING)
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True, capture_output=True)
    calls, syncs = tmp_path / "calls", tmp_path / "syncs"
    settings = {"LD_PRELOAD": str(library), "HANGS_WHILE": str(calls), "SYNC_HANGS_WHILE": str(syncs)}
    with (
        storages.migrated("sqlite") as url,
        ServerProcess(tmp_path, DATABASE_URL=url, REQUEST_TIMEOUT="1", SERVER_WORKERS="1", **settings) as server,
    ):
        try:
            yield HangingDisk(server, calls, syncs)
        finally:
            for file in (calls, syncs):
                file.unlink(missing_ok=True)


def test_a_disk_that_hangs_holds_no_request_longer_than_its_deadline(hanging_disk: HangingDisk) -> None:
    server = hanging_disk.server
    user = {"email": "b@example.com", "name": "B"}
    with server.client() as http:
        create(http)
        hanging_disk.calls.touch()
        calls: list[Callable[[], httpx2.Response]] = [
            lambda: http.get(USERS),
            lambda: http.post(USERS, json=user),
            lambda: http.patch(f"{USERS}/1", json={"name": "Changed"}),
        ]
        kinds = set()
        for _ in range(2):
            for answer, seconds in in_parallel(calls * 10):
                if answer.status_code != 200:  # of what SQLite has in memory
                    kinds.add(kind(answer))
                assert seconds < 1 + LATE
        assert kinds <= {"deadline-exceeded", "storage-unavailable", "overloaded", "commit-outcome-unknown"}
        [(alive, quick)] = in_parallel([lambda: http.get("/livez")])
        [(ready, soon)] = in_parallel([lambda: http.get("/readyz")])
        assert (alive.status_code, quick < 0.2 + LATE, ready.status_code, soon < 2 + LATE) == (200, True, 503, True)
        assert len(list(Path(f"/proc/{server.pid}/task").iterdir())) < 60
        hanging_disk.calls.unlink()
        eventually("the service is ready", lambda: http.get("/readyz").status_code == 200)
        first, *others = http.get(USERS).json()["items"]
        unknown = "commit-outcome-unknown" in kinds
        assert (first["name"] == "Ada Lovelace" or unknown, len(others) <= unknown) == (True, True)
        create(http, "c@example.com")


def test_a_commit_on_a_disk_that_hangs_has_an_unknown_outcome(hanging_disk: HangingDisk) -> None:
    user = {"email": "b@example.com", "name": "B"}
    with hanging_disk.server.client() as http:
        key = {"Idempotency-Key": "hangs"}
        hanging_disk.syncs.touch()
        problem(http.post(USERS, json=user, headers=key), 503, "commit-outcome-unknown")
        hanging_disk.syncs.unlink()

        def repeated() -> bool:
            return http.post(USERS, json=user, headers=key).status_code == 201

        eventually("the repetition succeeds", repeated)
        assert len(http.get(USERS).json()["items"]) == 1


def test_a_service_whose_disk_hangs_stops(hanging_disk: HangingDisk) -> None:
    with hanging_disk.server.client() as http:
        hanging_disk.calls.touch()
        in_parallel([lambda: http.get(USERS)] * 5)
        began = time.monotonic()
        assert hanging_disk.server.stop() == 0
        assert time.monotonic() - began < 5


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
        url = make_url(f"sqlite+aiosqlite:///{tmp_path}/service.db")
        engine = open_sqlite(url, database_file(url), limits, 1)
        async with engine.connect() as connection:
            answer = await connection.exec_driver_sql("PRAGMA temp_store")
        await engine.dispose()
        return int(answer.scalar_one())

    assert asyncio.run(chosen()) == store
