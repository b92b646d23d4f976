"""A pooler that the settings do not tell of, or not rightly: what the service and the commands say."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from e2e.answers import create, problem
from e2e.processes import ServerProcess, environment, eventually, run_cli
from faults.poolers.pgbouncer import PgBouncer, Program, program
from postgres_fixtures import POSTGRES_NAMES
from running_servers import Storages

USERS = "/api/v1/users"
ROOT = Path(__file__).parents[3]
PASSES_OVER_OPTIONS = ("ignore_startup_parameters = options",)
POOLED = {"DATABASE_POOLER": "transaction", "DATABASE_PREPARED_STATEMENTS": "false"}
COMMANDS = (("upgrade",), ("downgrade", "--yes"), ("history",), ("drift",), ("audit",), ("plan",))


@pytest.fixture(scope="module")
def database(storages: Storages) -> Iterator[str]:
    with storages.migrated(POSTGRES_NAMES[-1]) as url:
        yield url


@pytest.fixture(params=[True, False], ids=["newer", "older"])
def chosen(request: pytest.FixtureRequest) -> Program:
    return program(keeps_statements=request.param)


def reason(server: ServerProcess) -> str:
    """Why the service is not ready."""
    with server.client() as http:
        detail: str = problem(http.get("/readyz"), 503, "storage-unavailable")["detail"]
    eventually("the log says why", lambda: detail in server.log)
    return detail


def test_a_pooler_that_refuses_options_is_named(chosen: Program, database: str, tmp_path: Path) -> None:
    with (
        PgBouncer(chosen, database) as pooler,
        ServerProcess(tmp_path, ready="/livez", DATABASE_URL=pooler.url) as server,
    ):
        assert reason(server) == "A pooler answers at DATABASE_URL: set DATABASE_POOLER=transaction."


def test_a_pooler_that_passes_over_options_is_noticed(chosen: Program, database: str, tmp_path: Path) -> None:
    """The time limits would be lost."""
    with (
        PgBouncer(chosen, database, PASSES_OVER_OPTIONS) as pooler,
        ServerProcess(tmp_path, ready="/livez", DATABASE_URL=pooler.url) as server,
    ):
        assert reason(server).endswith("set DATABASE_POOLER=transaction.")


def test_a_pooler_that_keeps_no_prepared_statements_is_noticed(database: str, tmp_path: Path) -> None:
    """By the second service that prepares the same statement on its session."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    with PgBouncer(program(keeps_statements=False), database, ("default_pool_size = 1",)) as pooler:
        settings = {"DATABASE_URL": pooler.url, "DATABASE_POOLER": "transaction"}
        with ServerProcess(one, **settings) as first, first.client() as http:
            assert http.get(USERS).status_code == 200
            with ServerProcess(two, **settings) as second, second.client() as other:
                problem(other.get(USERS), 503, "storage-unavailable")
                eventually("the log says why", lambda: "DATABASE_PREPARED_STATEMENTS=false" in second.log)


def test_statements_need_not_be_prepared_on_the_server_itself(database: str, tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path, DATABASE_URL=database, DATABASE_PREPARED_STATEMENTS="false") as server,
        server.client() as http,
    ):
        user = create(http, "unprepared@example.com")
        assert http.get(f"{USERS}/{user['id']}").json() == user
        assert http.delete(f"{USERS}/{user['id']}").status_code == 204


@pytest.mark.parametrize("settings", [(), PASSES_OVER_OPTIONS], ids=["options refused", "options passed over"])
def test_no_command_on_the_schema_runs_through_a_pooler(
    settings: tuple[str, ...], database: str, tmp_path: Path
) -> None:
    with PgBouncer(program(keeps_statements=bool(settings)), database, settings) as pooler:
        for command in COMMANDS:
            done = run_cli("db", *command, cwd=tmp_path, DATABASE_URL=pooler.url, **POOLED)
            assert (done.returncode, done.stdout) == (2, ""), done
            assert "a pooler answers there" in done.stderr
            assert "MIGRATION_DATABASE_URL" in done.stderr
            assert len(done.stderr.splitlines()) == 1
        with psycopg.connect(pooler.url.replace("+psycopg", "")) as one:
            assert one.execute("SHOW statement_timeout").fetchone() == ("0",)
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    with psycopg.connect(database.replace("+psycopg", "")) as direct:
        assert direct.execute(locks).fetchone() == (0,)


def test_commands_on_the_schema_run_on_the_server_that_is_named_for_them(storages: Storages, tmp_path: Path) -> None:
    chosen = program(keeps_statements=False)
    with storages.unmigrated(POSTGRES_NAMES[-1]) as database, PgBouncer(chosen, database) as pooler:
        settings = {"DATABASE_URL": pooler.url, "MIGRATION_DATABASE_URL": database} | POOLED
        for command in (("upgrade",), ("history",), ("drift",), ("audit",), ("downgrade", "--yes"), ("upgrade",)):
            done = run_cli("db", *command, cwd=tmp_path, **settings)
            assert done.returncode == 0, done
        with ServerProcess(tmp_path, **settings) as server, server.client() as http:
            assert create(http)["id"] == 1


def test_the_tools_of_any_project_and_alembic_itself_refuse_a_pooler(database: str, tmp_path: Path) -> None:
    project = ("--metadata", "adapters.sqlalchemy.tables:metadata", "--config", str(ROOT / "alembic.ini"))
    tools = (sys.executable, "-m", "schema_tools", "upgrade", *project)
    alembic = (str(Path(sys.executable).parent / "alembic"), "--config", str(ROOT / "alembic.ini"), "upgrade", "head")

    def run(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=tmp_path, env=environment(**settings), capture_output=True, encoding="utf-8", check=False
        )

    with PgBouncer(program(keeps_statements=True), database, PASSES_OVER_OPTIONS) as pooler:
        for command in (tools, alembic):
            refused = run(*command, DATABASE_URL=pooler.url)
            assert refused.returncode != 0
            assert "a pooler answers there" in refused.stderr + refused.stdout
            assert "Traceback" not in refused.stderr
            assert run(*command, DATABASE_URL=pooler.url, MIGRATION_DATABASE_URL=database).returncode == 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"DATABASE_URL": "postgresql+psycopg://u@127.0.0.1/x?options=-c%20a%3Db", "DATABASE_POOLER": "transaction"},
            "DATABASE_URL has options after the ?, which a pooler does not pass on",
        ),
        (
            {"DATABASE_URL": "memory://", "MIGRATION_DATABASE_URL": "postgresql+psycopg://u@127.0.0.1/x"},
            "MIGRATION_DATABASE_URL must name the same kind of database as DATABASE_URL.",
        ),
        ({"DATABASE_POOLER": "session"}, "DATABASE_POOLER should be 'none' or 'transaction'"),
    ],
)
def test_settings_that_cannot_be_meant_stop_the_start(settings: dict[str, str], sentence: str, tmp_path: Path) -> None:
    done = run_cli("serve", cwd=tmp_path, **settings)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
