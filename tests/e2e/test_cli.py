"""The installed `fastapi-service` command, as people and scripts run it."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import make_url

from e2e.processes import CONSOLE_SCRIPT, environment, run_cli
from postgres_fixtures import POSTGRES_NAMES, PostgresServers
from running_servers import Storages

NAME = "[bold]José[/bold] 漢字 👩‍🚀"
SECRET = "zu4h-the-password"
# Nobody listens on port 1.
NOWHERE = f"postgresql+psycopg://service:{SECRET}@127.0.0.1:1/service"


@dataclass(frozen=True)
class Command:
    """`fastapi-service` in a directory, with a database."""

    directory: Path
    database_url: str

    def __call__(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return run_cli(*arguments, cwd=self.directory, **{"DATABASE_URL": self.database_url} | settings)


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> Command:
    """The command with a database of its own."""
    return Command(tmp_path, database_url)


@pytest.fixture(scope="module")
def reading_cli(storages: Storages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """The command with a database that nobody changes; in it is one user, whose name is demanding."""
    with storages.migrated("sqlite") as url:
        command = Command(tmp_path_factory.mktemp("cli"), url)
        written(command("users", "create", "--email", "ada@example.com", "--name", NAME))
        yield command


def written(done: subprocess.CompletedProcess[str]) -> str:
    """What a command wrote that succeeded."""
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that was refused: no such user, an address that is taken, an invalid value."""
    return _sentence(done, 1)


def failure(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that could not run: wrong settings, a storage that cannot be reached."""
    return _sentence(done, 2)


def _sentence(done: subprocess.CompletedProcess[str], status: int) -> str:
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert done.stderr.startswith("fastapi-service: ")
    assert done.stderr.endswith(".\n")
    assert done.stderr.count("\n") == 1
    assert SECRET not in done.stderr
    return done.stderr.removeprefix("fastapi-service: ").rstrip()


def test_a_user_is_created_changed_listed_and_deleted(cli: Command) -> None:
    create = ("users", "create", "--email", " Ada@Example.com", "--name", "Ada Lovelace", "--format", "json")
    ada = json.loads(written(cli(*create)))
    assert ada == {
        "id": 1,
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "created_at": ada["created_at"],
        "updated_at": ada["created_at"],
    }
    renamed = json.loads(written(cli("users", "update", "1", "--name", "Ada King", "--format", "json")))
    assert renamed == ada | {"name": "Ada King", "updated_at": renamed["updated_at"]}
    assert json.loads(written(cli("users", "list", "--format", "json"))) == [renamed]
    assert written(cli("users", "delete", "1")) == ""
    assert refusal(cli("users", "get", "1")) == "There is no user with this id."


def test_a_table_shows_every_value_whole_and_as_it_is(reading_cli: Command) -> None:
    listed = written(reading_cli("users", "list"))
    head, row = listed.splitlines()
    user = json.loads(written(reading_cli("users", "get", "1", "--format", "json")))
    assert head.split() == list(user)
    assert row.split() == ["1", "ada@example.com", *NAME.split(), user["created_at"], user["updated_at"]]
    assert user["name"] == NAME


def test_a_terminal_that_cannot_show_a_name_shows_what_it_can(reading_cli: Command) -> None:
    [user] = json.loads(written(reading_cli("users", "list", "--format", "json", PYTHONIOENCODING="ascii")))
    assert user["name"] == NAME
    table = written(reading_cli("users", "list", PYTHONIOENCODING="ascii"))
    assert "ada@example.com  [bold]Jos?[/bold] ?? ???  20" in table


def test_a_list_is_filtered_by_times_in_any_zone(reading_cli: Command) -> None:
    [user] = json.loads(written(reading_cli("users", "list", "--format", "json")))
    created = datetime.fromisoformat(user["created_at"]).astimezone(timezone(timedelta(hours=2)))
    tick = timedelta(microseconds=1)

    def found(after: datetime, before: datetime) -> int:
        times = ("--created-after", after.isoformat(), "--created-before", before.isoformat())
        return len(json.loads(written(reading_cli("users", "list", "--format", "json", *times))))

    assert found(created - tick, created + tick) == 1
    assert found(created, created + tick) == 0


def test_a_reader_who_has_seen_enough_ends_the_command_quietly(reading_cli: Command) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [CONSOLE_SCRIPT, "users", "list"],
            env=environment(DATABASE_URL=reading_cli.database_url),
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("update", "2", "--name", "B"), "There is no user with this id."),
        (("create", "--email", "ADA@example.com", "--name", "B"), "Another user has this email address."),
        (("create", "--email", SECRET, "--name", "B"), "An email address needs an @"),
        (("update", "1", "--name", f"{SECRET}\u202e"), "A name may not contain characters that override"),
        (("create", "--email", "b@example.com", "--name", f"{SECRET}\udcff"), "A name must be valid Unicode text."),
        (("get", "2147483648"), "An id is a whole number from 1 to 2147483647."),
    ],
)  # fmt: skip
def test_what_the_rules_refuse_is_status_1(reading_cli: Command, arguments: tuple[str, ...], reason: str) -> None:
    assert refusal(reading_cli("users", *arguments)).startswith(reason)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("unknown",),
        ("users", "get", "one"),
        ("users", "create", "--email", "b@example.com"),
        ("users", "list", "--sort", "name"),
        ("users", "list", "--created-after", "2020"),
        ("serve", "--port", "65536"),
    ],
)
def test_wrong_usage_is_explained_with_status_2(reading_cli: Command, arguments: tuple[str, ...]) -> None:
    done = reading_cli(*arguments)
    assert (done.returncode, "Usage: fastapi-service" in done.stdout + done.stderr) == (2, True)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"mysql://service:{SECRET}@localhost/service", "DATABASE_URL must begin with one of memory://"),
        (f"postgres://service:{SECRET}@localhost/service", "DATABASE_URL must begin with one of memory://"),
        (f"postgresql://service:{SECRET}@localhost/service", "DATABASE_URL must begin with one of memory://"),
        ("", "DATABASE_URL must begin with one of memory://"),
        (NOWHERE.replace(":1/", ":one/"), "DATABASE_URL is no valid database URL"),
        (NOWHERE.replace(":1/", ":99999/"), "The port in DATABASE_URL must be from 1 to 65535"),
        (f"{NOWHERE}?sslmode={SECRET}", "The sslmode in DATABASE_URL must be one of disable"),
        (f"{NOWHERE}?connect_timeout={SECRET}", "DATABASE_URL has a parameter after the ? that"),
        (f"postgresql+psycopg://u:{SECRET}@/db?host=a&host=b&port=1", "DATABASE_URL names its hosts and ports"),
        (f"{NOWHERE}?{SECRET}=1", "DATABASE_URL has a parameter after the ? that PostgreSQL does not know"),
        ("sqlite+aiosqlite:///new.db?mode=ro", "DATABASE_URL may have no parameters after a ? for SQLite"),
        (NOWHERE, "No database server answers at the address in DATABASE_URL"),
        ("sqlite+aiosqlite:///missing/service.db", "The directory missing of DATABASE_URL does not exist"),
        ("sqlite+aiosqlite:///.", "DATABASE_URL names ., which is a directory"),
        (f"sqlite+aiosqlite:///{'a' * 300}.db", "DATABASE_URL names a file that cannot be reached: File name too long"),
        ("sqlite+aiosqlite:///a%00b.db", "DATABASE_URL holds %00, a zero byte"),
        ("sqlite+aiosqlite://", "DATABASE_URL names no file for SQLite"),
        ("sqlite+aiosqlite:///new.db", "Migrations are pending: run `fastapi-service db upgrade`"),
        ("sqlite+aiosqlite:///.env", "DATABASE_URL names a file that is no SQLite database"),
        ("memory://", "memory:// begins empty and ends with the command"),
    ],
)
def test_a_storage_that_cannot_be_used_is_status_2(tmp_path: Path, url: str, reason: str) -> None:
    (tmp_path / ".env").write_text("# no database, but a file\n" * 100, encoding="utf-8")
    assert failure(Command(tmp_path, url)("users", "list")).startswith(reason)


def test_a_wrong_password_is_status_2(postgres_servers: PostgresServers, tmp_path: Path) -> None:
    with postgres_servers.migrated_database(POSTGRES_NAMES[-1]) as url:
        wrong = make_url(url).set(password=SECRET).render_as_string(hide_password=False)
        assert "DATABASE_URL" in failure(Command(tmp_path, wrong)("users", "list"))


@pytest.mark.parametrize(
    ("arguments", "settings", "reason"),
    [
        (("--workers", "2"), {}, "memory:// lives inside one process"),
        (("--host", "0.0.0.0"), {}, "AUTH_MODE is disabled, so the API is served on a loopback"),  # noqa: S104 -- it is refused
        ((), {"SERVER_HOST": "example.com"}, "AUTH_MODE is disabled, so the API is served on a loopback"),
        ((), {"SERVER_PORT": "abc"}, "SERVER_PORT "),
        ((), {"DATABASE_POOL_TIMEOUT": "-1"}, "DATABASE_POOL_TIMEOUT must be from "),
        ((), {"SERVER_SHUTDOWN_GRACE": "P1D", "LOG_LEVEL": SECRET}, "SERVER_SHUTDOWN_GRACE must be a number of s"),
        ((), {"CURSOR_KEY": SECRET}, "CURSOR_KEY must have at least 32 characters"),
    ],
)  # fmt: skip
def test_a_server_that_should_not_run_as_it_is_set_up_does_not(
    tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, str], reason: str
) -> None:
    done = Command(tmp_path, "memory://")("serve", "--port", "0", *arguments, **settings)
    assert failure(done).startswith(reason)


def test_a_port_that_is_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = Command(tmp_path, "memory://")("serve", "--port", str(port))
    assert failure(done).startswith(f"127.0.0.1 port {port} cannot be bound: Address already in use.")


def test_settings_come_from_a_file_unless_the_environment_has_others(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATABASE_URL=memory://\n", encoding="utf-8")
    assert failure(run_cli("users", "list", cwd=tmp_path)).startswith("memory://")
    assert failure(run_cli("users", "list", cwd=tmp_path, DATABASE_URL="")).startswith("DATABASE_URL must")


def test_a_settings_file_that_is_a_link_to_none_is_status_2(tmp_path: Path) -> None:
    (tmp_path / ".env").symlink_to(tmp_path / "not-mounted")
    assert failure(run_cli("users", "list", cwd=tmp_path)) == ".env cannot be read: No such file or directory."


def test_a_settings_file_that_is_no_text_is_status_2(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(bytes(range(256)))
    assert failure(run_cli("users", "list", cwd=tmp_path)) == ".env is not valid UTF-8 text."


def test_a_settings_file_that_cannot_be_read_is_status_2(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    if os.geteuid() == 0:
        # Nobody forbids root to read a file, so there it is one whose reading fails.
        file.symlink_to("/proc/self/mem")
    else:
        file.touch(mode=0o000)
    assert failure(run_cli("users", "list", cwd=tmp_path)).startswith(".env cannot be read: ")


def test_the_audit_trail_says_who_did_what(cli: Command) -> None:
    settings = {"AUDIT_TRAIL": "true"}
    written(cli("users", "create", "--email", "ada@example.com", "--name", "Ada", **settings))
    written(cli("users", "delete", "1", **settings))
    [deleted, created] = json.loads(written(cli("audit-trail", "--entity", "users", "--id", "1", "--format", "json")))
    assert {name: created[name] for name in ("principal", "action", "entity", "entity_id", "entities")} == {
        "principal": "operator",
        "action": "create",
        "entity": "users",
        "entity_id": 1,
        "entities": 1,
    }
    assert deleted["action"] == "delete"
    assert "delete" in written(cli("audit-trail", "--principal", "operator", "--limit", "1"))
    assert json.loads(written(cli("audit-trail", "--principal", "token:1", "--format", "json"))) == []
