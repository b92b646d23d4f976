"""What the README shows is what the commands write, on the project that it shows."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import text

from front_page import write_front_page_project
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from tool_commands import tools

PAGE = Path(__file__).parents[1] / "README.md"
FLAGS = re.MULTILINE | re.DOTALL
LEFT_OUT = "..."
# What is another at every run: durations, and when a migration was applied.
CHANGING = {r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d": "THEN", r"\b[\d.,]+ (ms|s)(?!\w)": "SOON"}


class Shown(NamedTuple):
    """A command of the page, with the lines that are shown of its output."""

    command: str
    lines: list[str]


def shown(page: str) -> list[Shown]:
    """The commands of a part of the page, in their order."""
    found: list[Shown] = []
    for block in re.findall(r"^```console\n(.*?)^```$", page, FLAGS):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Shown(line.removeprefix("$ "), []))
            else:
                found[-1].lines.append(line)
    return found


BEFORE, _, AFTER = PAGE.read_text("utf-8").partition("## Adoption\n")


def plain(line: str) -> str:
    """A line without what is another at every run; a table is as wide as that."""
    for pattern, word in CHANGING.items():
        line = re.sub(pattern, word, line)
    return re.sub(r"(?<=\S) +", " ", line).rstrip()


def is_shown(lines: list[str], written: str) -> bool:
    """Whether the output is these lines, where `...` stands for any number of lines."""
    patterns = (r"(?:.*\n)*?" if line == LEFT_OUT else re.escape(plain(line)) + r"\n" for line in lines)
    return (
        re.fullmatch("".join(patterns), "".join(f"{plain(line)}\n" for line in written.rstrip().splitlines()))
        is not None
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "tickets"
    write_front_page_project(directory)
    return directory


@pytest.fixture
def url(postgres_servers: PostgresServers, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty database, which the environment names."""
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as empty:
        monkeypatch.setenv("DATABASE_URL", empty)
        yield empty


@pytest.fixture
def run(project: Path, url: str) -> Callable[[str], str]:
    """Runs a command of the page, and gives what it writes."""

    def written(command: str) -> str:
        sql = re.fullmatch(r'psql -c "(.*)"', command)
        if sql:
            with connected(url) as connection:
                connection.execute(text(sql[1]))
                connection.commit()
            return ""
        program, *arguments = command.split()
        assert program == "schema-tools"
        done = tools(*arguments, cwd=project, program=program)
        assert done.returncode in {0, 1}, done.stderr
        return done.stdout + done.stderr

    return written


def compare(run: Callable[[str], str], commands: list[Shown]) -> None:
    pairs = [(one, run(one.command)) for one in commands]
    others = [f"$ {one.command}\n{written}" for one, written in pairs if not is_shown(one.lines, written)]
    assert not others, "\n".join(others)


def test_the_commands_write_what_the_page_shows(project: Path, url: str, run: Callable[[str], str]) -> None:
    configuration = project / "alembic.ini"
    named = re.sub(
        r"(?m)^sqlalchemy\.url = .*$", lambda _: f"sqlalchemy.url = {url.replace('%', '%%')}", configuration.read_text()
    )
    configuration.write_text(named)
    subprocess.run([sys.executable, "-m", "alembic", "upgrade", "head"], cwd=project, check=True)

    compare(run, shown(BEFORE))


def test_an_adopted_project_does_what_the_page_shows(run: Callable[[str], str]) -> None:
    compare(run, shown(AFTER))


def test_every_command_that_the_page_promises_is_shown() -> None:
    commands = [one.command for one in shown(BEFORE + AFTER)]

    names = {one.split()[1] for one in commands if one.startswith("schema-tools ")}
    assert names >= {"check", "verify", "lint", "explain", "plan", "report", "docs", "drift", "audit"}
    assert names >= {"adopt", "lock", "upgrade", "history"}
    assert [option for option in ("--since", "--write-baseline") if not any(option in one for one in commands)] == []
    assert len(PAGE.read_text("utf-8").splitlines()) <= 250


@pytest.mark.parametrize(
    ("lines", "written", "same"),
    [
        (["one", "...", "four"], "one\ntwo\nthree\nfour\n", True),
        (["one", "...", "four"], "one\nfour\n", True),
        (["one", "four"], "one\ntwo\nfour\n", False),
        (["clean  2.7 s"], "clean        11.3 s\n", True),
        (["  fix"], "fix\n", False),
        (["22 findings"], "23 findings\n", False),
    ],
)
def test_another_output_would_be_noticed(lines: list[str], written: str, same: bool) -> None:  # noqa: FBT001 -- a parameter
    assert is_shown(lines, written) is same
