"""`fastapi-service users import` and `users export`, as people and scripts run them."""

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from commands import service
from e2e.processes import CONSOLE_SCRIPT, PATIENCE, environment, eventually
from e2e.relay import relay
from postgres_fixtures import POSTGRES_NAMES
from running_servers import Storages
from schema_tools.testing.in_process import Done

ADA = '{"email":"ada@example.com","name":"Ada"}\n'
BOB = '{"email":"bob@example.com","name":"Bob, \\"B\\""}\n'
TAKEN = "Another user has this email address."


class Command:
    """`fastapi-service users` in a directory, with a database."""

    def __init__(self, directory: Path, database_url: str) -> None:
        self.directory = directory
        self._url = database_url

    def __call__(self, *arguments: str) -> Done:
        return service("users", *arguments, cwd=self.directory, environment=environment(DATABASE_URL=self._url))

    @contextmanager
    def started(
        self, *arguments: str, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE
    ) -> Iterator[subprocess.Popen[bytes]]:
        """The command as a process of its own, while it runs."""
        with subprocess.Popen(
            [CONSOLE_SCRIPT, "users", *arguments],
            cwd=self.directory,
            env=environment(DATABASE_URL=self._url),
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def write(self, name: str, content: str) -> str:
        (self.directory / name).write_text(content, encoding="utf-8", newline="")
        return name

    def read(self, name: str) -> str:
        return (self.directory / name).read_bytes().decode()

    def emails(self) -> list[str]:
        listed = self("list", "--format", "json")
        return [user["email"] for user in json.loads(listed.stdout)]


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> Command:
    """The command with a database of its own."""
    return Command(tmp_path, database_url)


@pytest.fixture
def sqlite_cli(storages: Storages, tmp_path: Path) -> Iterator[Command]:
    """The command with a database, where it makes no difference which."""
    with storages.migrated("sqlite") as url:
        yield Command(tmp_path, url)


def outcome(done: Done) -> tuple[int, str, str]:
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_what_was_exported_is_imported_again(cli: Command) -> None:
    assert outcome(cli("import", cli.write("users.ndjson", ADA + BOB))) == (
        0, "Imported 2 users, skipped 0, rejected 0.\n", ""
    )  # fmt: skip
    for name in ("out.ndjson", "out.CSV"):
        done = cli("export", name, "--fields", "name,email")
        assert outcome(done) == (0, f"Exported 2 users to {name}.\n", "")
    assert cli.read("out.ndjson") == ADA + BOB
    assert cli.read("out.CSV") == 'email,name\r\nada@example.com,Ada\r\nbob@example.com,"Bob, ""B"""\r\n'
    assert outcome(cli("import", "out.CSV", "--on-conflict", "skip")) == (
        0, "Imported 0 users, skipped 2, rejected 0.\n", ""
    )  # fmt: skip
    assert cli.emails() == ["ada@example.com", "bob@example.com"]


def test_an_export_has_every_field_and_goes_to_the_output(sqlite_cli: Command) -> None:
    sqlite_cli("import", sqlite_cli.write("users.ndjson", ADA))
    [user] = map(json.loads, sqlite_cli("export").stdout.splitlines())
    assert [user] == json.loads(sqlite_cli("list", "--format", "json").stdout)
    header, row = sqlite_cli("export", "-", "--format", "csv").stdout.splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True)) == {**user, "id": "1"}


def test_one_bad_or_taken_line_keeps_all_out_and_every_one_is_named(cli: Command) -> None:
    cli("import", cli.write("ada.ndjson", ADA))
    taken = outcome(cli("import", cli.write("taken.ndjson", BOB + ADA)))
    assert taken == (
        1, "", f"line 2, email: {TAKEN}\nfastapi-service: Some lines cannot be imported. Nothing was written.\n"
    )  # fmt: skip
    status, output, errors = outcome(cli("import", cli.write("bad.csv", "name,email\nBob,bob\n,b@example.com\nx\n")))
    assert (status, output) == (1, "")
    assert errors.splitlines() == [
        "line 2, email: An email address needs an @ between a local part and a domain.",
        "line 3, name: A name may not be empty.",
        "line 4: must have as many cells as the header",
        "fastapi-service: Some lines cannot be imported. Nothing was written.",
    ]
    assert cli.emails() == ["ada@example.com"]


def test_with_skip_the_good_lines_are_kept_and_bad_ones_are_told_by_the_status(cli: Command) -> None:
    cli("import", cli.write("ada.ndjson", ADA))
    done = outcome(cli("import", cli.write("some.ndjson", ADA + "\n" + BOB), "--on-conflict", "skip"))
    assert done == (
        1,
        "Imported 1 user, skipped 1, rejected 1.\n",
        "line 2: must be one JSON object, whole and on one line\n",
    )
    assert cli.emails() == ["ada@example.com", "bob@example.com"]


def test_a_report_for_programs_is_json(sqlite_cli: Command) -> None:
    file = sqlite_cli.write("users.ndjson", ADA + ADA + "[]")
    refused = sqlite_cli("import", file, "--report", "json")
    rejection = {
        "line": 3,
        "pointer": "#",
        "code": "not-an-object",
        "message": "must be an object",
    }
    assert refused.returncode == 1
    assert json.loads(refused.stdout) == {"imported": 0, "skipped": 0, "rejected": 1, "errors": [rejection]}
    done = sqlite_cli("import", file, "--report", "json", "--on-conflict", "skip")
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout) == {"imported": 1, "skipped": 1, "rejected": 1, "errors": [rejection]}


def test_a_file_that_is_there_is_not_replaced_unless_that_is_meant(sqlite_cli: Command) -> None:
    target = sqlite_cli.write("out.csv", "precious")
    refusal = (2, "", "fastapi-service: out.csv exists; give --force to replace it.\n")
    assert outcome(sqlite_cli("export", target)) == refusal
    assert sqlite_cli.read(target) == "precious"
    assert sqlite_cli("export", target, "--force", "--fields", "id").returncode == 0
    assert sqlite_cli.read(target) == "id\r\n"
    assert (sqlite_cli.directory / target).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in sqlite_cli.directory.iterdir()] == [target]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("import", "missing.csv"), "missing.csv cannot be used: No such file or directory."),
        (("import", ".", "--format", "csv"), ". cannot be used: Is a directory."),
        (("export", "missing/users.csv"), "missing/users.csv cannot be used: No such file or directory."),
        (("export", ".", "--format", "csv", "--force"), ". cannot be used: Is a directory."),
        (("export", "/dev/full", "--format", "csv"), "/dev/full cannot be used: No space left on device."),
    ],
)
def test_a_file_that_cannot_be_used_is_status_2(sqlite_cli: Command, arguments: tuple[str, ...], reason: str) -> None:
    assert outcome(sqlite_cli(*arguments)) == (2, "", f"fastapi-service: {reason}\n")


@pytest.mark.parametrize(
    "arguments",
    [("import",), ("import", "users"), ("import", "u.csv", "--on-conflict", "merge"), ("export", "--fields", "phone")],
)
def test_wrong_usage_is_explained_with_status_2(sqlite_cli: Command, arguments: tuple[str, ...]) -> None:
    status, output, errors = outcome(sqlite_cli(*arguments))
    assert (status, output) == (2, "")
    assert errors.startswith("Usage: ")
    assert "Error" in errors


def test_nothing_would_be_left_of_what_is_in_memory(tmp_path: Path) -> None:
    memory = Command(tmp_path, "memory://")
    for arguments in (("import", memory.write("users.ndjson", ADA)), ("export",), ("export", "out.csv")):
        status, output, errors = outcome(memory(*arguments))
        assert (status, output) == (2, "")
        assert errors.startswith("fastapi-service: memory:// begins empty")
    assert not (tmp_path / "out.csv").exists()


def test_an_interrupted_import_keeps_nothing(cli: Command) -> None:
    with cli.started("import", "-", "--format", "ndjson") as process:
        assert process.stdin is not None
        process.stdin.write((ADA * 2_000 + "{").encode())
        process.stdin.flush()
        # Where nothing is left in the pipe, it has been read, and more is being waited for.
        eventually("the file has been read", lambda: _unread(process) == 0)
        process.send_signal(signal.SIGINT)
        output, errors = process.stdout, process.stderr
        assert process.wait(PATIENCE) == 130
        assert output is not None
        assert errors is not None
        assert (output.read(), errors.read()) == (b"", b"")
    assert cli.emails() == []


def _unread(process: subprocess.Popen[bytes]) -> int:
    """The bytes that wait in the pipe to the process."""
    import array
    import fcntl
    import termios

    assert process.stdin is not None
    waiting = array.array("i", [0])
    fcntl.ioctl(process.stdin.fileno(), termios.FIONREAD, waiting)
    return waiting[0]


def test_a_reader_who_has_seen_enough_ends_an_export_quietly(sqlite_cli: Command) -> None:
    sqlite_cli("import", sqlite_cli.write("users.ndjson", "".join(ADA.replace("ada", f"u{n}") for n in range(5000))))
    reading, writing = os.pipe()
    with sqlite_cli.started("export", stdout=writing) as process:
        os.close(writing)
        assert os.read(reading, 5) == b'{"id"'
        os.close(reading)
        _nothing, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, b"")


def test_a_file_from_a_pipe_is_imported_and_a_terminal_shows_how_far_that_is(sqlite_cli: Command) -> None:
    ours, theirs = pty.openpty()
    with sqlite_cli.started("import", "-", stderr=theirs) as process:
        os.close(theirs)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write((ADA + BOB).encode())
        process.stdin.close()
        shown = b"".join(_shown(ours))
        assert (process.wait(PATIENCE), process.stdout.read()) == (0, b"Imported 2 users, skipped 0, rejected 0.\n")
    os.close(ours)
    assert b"Importing" in shown
    assert b"bytes" in shown


def _shown(terminal: int) -> Iterator[bytes]:
    try:
        while some := os.read(terminal, 4096):
            yield some
    except OSError:
        pass  # Linux says EIO where nobody has the other side open


def test_an_export_that_fails_midway_leaves_no_file(storages: Storages, tmp_path: Path) -> None:
    with storages.migrated(POSTGRES_NAMES[-1]) as url:
        near = Command(tmp_path, url)
        near("import", near.write("users.ndjson", "".join(ADA.replace("ada", f"u{n}") for n in range(20_000))))
        parts = urlsplit(url)
        with relay((str(parts.hostname), parts.port or 5432)) as network:
            authority = f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{network.port}"
            far = Command(tmp_path, parts._replace(netloc=authority).geturl())
            network.plug_in()
            with far.started("export", "out.ndjson") as process:
                eventually("the export has begun", lambda: any(tmp_path.glob(".out.ndjson.*")))
                # Whether before the first row or after it: the file is not there before it is whole.
                network.unplug()
                output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output) == (2, b"")
    assert errors.startswith(b"fastapi-service: ")
    assert errors.count(b"\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["users.ndjson"]
