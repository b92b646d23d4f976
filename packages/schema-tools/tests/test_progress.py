"""`verify` says what it has done while it works: a line for each revision in a terminal, or a line that goes again."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lint_project import LintProject

COLUMNS = 60
SLOW = 'op.execute("SELECT pg_sleep(2)")'


class Terminal:
    """What a program writes to a terminal, with the time at which each part came."""

    def __init__(self) -> None:
        self.ours, self.theirs = os.openpty()
        self.parts: list[tuple[float, str]] = []

    def read(self) -> str:
        """Everything until the program has ended."""
        os.close(self.theirs)
        while True:
            try:
                part = os.read(self.ours, 100_000)
            except OSError:  # as Linux says that nothing has the other end open any more
                part = b""
            if not part:
                os.close(self.ours)
                return "".join(text for _, text in self.parts)
            self.parts.append((time.monotonic(), part.decode()))

    def time_of(self, words: str) -> float:
        """When the words had come."""
        whole = ""
        for moment, text in self.parts:
            whole += text
            if words in whole:
                return moment
        raise AssertionError(f"{words!r} is not in {whole!r}")


@pytest.fixture
def lint(tmp_path: Path) -> LintProject:
    lint = LintProject.made(tmp_path, "pass")
    lint.add(SLOW)
    (tmp_path / "no_tables.py").write_text("from sqlalchemy import MetaData\n\nmetadata = MetaData()\n")
    return lint


def start(lint: LintProject, *arguments: str, stdout: int, stderr: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "schema_tools", *arguments, "--metadata", "no_tables:metadata"],
        cwd=lint.directory,
        env={**os.environ, "COLUMNS": str(COLUMNS), "NO_COLOR": "1", "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
    )


def test_in_a_terminal_each_revision_is_written_when_it_is_done(lint: LintProject) -> None:
    terminal = Terminal()
    with start(lint, "verify", stdout=terminal.theirs, stderr=terminal.theirs) as process:
        lines = terminal.read().splitlines()

    assert process.returncode == 0
    assert terminal.time_of("clean: 2 rehearsals") - terminal.time_of("r000") > 2
    assert lines[0].split() == ["database", "revision", "message", "rows", "up,", "down,", "up"]
    assert [line.split()[:2] for line in lines[1:3]] == [["postgresql", "r000"], ["postgresql", "r001"]]
    assert all(line.endswith(" clean") for line in lines[1:3])
    assert len({line.index("clean") for line in lines[1:3]}) == 1
    assert "\r" not in "".join(lines)
    assert sum("r001" in line for line in lines) == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_elsewhere_a_line_on_standard_error_says_how_far_it_is_and_goes_again(lint: LintProject, form: str) -> None:
    terminal = Terminal()
    with start(lint, "verify", "--format", form, stdout=subprocess.PIPE, stderr=terminal.theirs) as process:
        said = terminal.read()
        assert process.stdout is not None
        output = process.stdout.read().decode()

    assert process.returncode == 0
    assert terminal.time_of("verify: 2 of 2: r001") - terminal.time_of("verify: 1 of 2: r000") > 2
    assert said.endswith("\r")
    assert said.split("\r")[-2].strip() == ""
    assert "\n" not in said
    if form == "json":
        assert [one["revision"] for one in json.loads(output)["revisions"]] == ["r000", "r001"]
    else:
        assert output.splitlines()[-1].startswith("clean: 2 rehearsals in ")


def test_a_long_message_does_not_leave_the_line(lint: LintProject) -> None:
    file = lint.directory / "alembic" / "versions" / "r001.py"
    file.write_text(f'"""A message of many words, {"表 " * 60}"""\n{file.read_text()}')
    terminal = Terminal()
    with start(lint, "verify", "--format", "json", stdout=subprocess.DEVNULL, stderr=terminal.theirs):
        said = terminal.read()

    from rich.cells import cell_len

    assert "A message of many words, 表" in said
    assert max(map(cell_len, said.split("\r"))) == COLUMNS - 1


def test_check_says_how_far_its_rehearsal_is(lint: LintProject) -> None:
    terminal = Terminal()
    with start(lint, "check", stdout=subprocess.PIPE, stderr=terminal.theirs) as process:
        terminal.read()
        assert process.stdout is not None
        output = process.stdout.read().decode()

    assert terminal.time_of("verify: 2 of 2: r001")
    assert "verify         clean" in output


def test_where_neither_is_a_terminal_nothing_is_said(lint: LintProject) -> None:
    with start(lint, "verify", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        output, errors = process.communicate()

    assert errors == b""
    assert output.decode().splitlines()[0].split()[0] == "database"
