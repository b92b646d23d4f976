"""The transcripts of `docs/http-api.md`: commands as a client types them, and what is really answered.

`python -m http_contract.transcripts` runs the commands against a new server and writes the answers into the page.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import curl_stand_in
from e2e.processes import PATIENCE, ServerProcess

PAGE: Final = Path(__file__).parents[2] / "docs/http-api.md"
ADDRESS: Final = "http://127.0.0.1:8000"
_BLOCK: Final = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
# Every answer has these; the page says once what they are for.
_LEFT_OUT: Final = frozenset({
    "date", "content-length", "transfer-encoding", "cache-control", "content-security-policy", "x-content-type-options",
    "x-request-id",
})  # fmt: skip
# What is another one each time: a time, an entity tag, the id of a request, a cursor.
_VARYING: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
    r'|(?<=")[0-9a-f]{1,8}-[0-9a-f]{12,}(?=")'
    r"|\b[0-9a-f]{32}\b"
    r'|(?<=cursor=)[\w-]{20,}|(?<="next_cursor":")[\w-]{20,}'
)


@dataclass(frozen=True)
class Step:
    """A command, and what the page says that it prints."""

    command: str
    answer: str


def steps(page: str) -> list[Step]:
    """Every command of the page with its answer, in order."""
    found = []
    for block in _BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = part.partition("\n")
            found.append(Step(command, presented(answer)))
    return found


def with_answers(page: str, answered: Sequence[Step]) -> str:
    """The page with these commands and answers in place of those that it has, of which there are as many."""
    left = iter(answered)

    def block_again(match: re.Match[str]) -> str:
        count = len(re.findall(r"^\$ ", match[0], flags=re.MULTILINE))
        return "\n".join(f"$ {step.command}\n{step.answer}" for step in islice(left, count))

    return _BLOCK.sub(block_again, page)


def varying(answers: Sequence[str]) -> list[str]:
    """What is another one each time, in the order in which it first appears."""
    return list(dict.fromkeys(one for answer in answers for one in _VARYING.findall(answer)))


def comparable(answer: str, varying_: Sequence[str]) -> str:
    """The answer with a number in place of what varies: the same number wherever the same thing stands."""
    return _VARYING.sub(lambda match: f"<{varying_.index(match[0])}>", answer)


def presented(output: str) -> str:
    """What curl printed, as the page shows it."""
    head, separator, body = output.replace("\r\n", "\n").partition("\n\n")
    if head.startswith("HTTP/"):
        shown = [line for line in head.split("\n") if line.partition(":")[0].lower() not in _LEFT_OUT]
        output = "\n".join(shown) + separator + body
    output = output.rstrip("\n")
    return f"{output}\n" if output else ""


class Terminal:
    """Where a client types: a shell in a directory of its own, with curl or what stands in for it."""

    def __init__(self, directory: Path, url: str, *, stand_in: bool) -> None:
        self._directory = directory
        self._url = url
        path = os.environ["PATH"]
        if stand_in:
            programs = directory / "programs"
            programs.mkdir()
            script = programs / "curl"
            script.write_text(
                f'#!/bin/sh\nexec "{sys.executable}" -E "{curl_stand_in.__file__}" "$@"\n', encoding="utf-8"
            )
            script.chmod(0o755)
            path = f"{programs}:{path}"
        self._environment = {"PATH": path, "HOME": str(directory), "LC_ALL": "C.UTF-8"}

    def type(self, command: str) -> str:
        """What the command prints, as the page shows it."""
        done = subprocess.run(
            ["/bin/sh", "-c", command.replace(ADDRESS, self._url)],
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return presented(done.stdout)


def typed(page_steps: Sequence[Step], terminal: Terminal) -> Iterator[Step]:
    """The commands with what is really answered. What varies in a command is what the service said before."""
    written: list[str] = []
    real: list[str] = []
    for step in page_steps:
        command = step.command
        for old, new in zip(varying(written), varying(real), strict=False):
            command = command.replace(old, new)
        answer = terminal.type(command)
        written.append(step.answer)
        real.append(answer)
        yield Step(command, answer)


def has_curl() -> bool:
    """Whether there is a curl on this machine."""
    return shutil.which("curl") is not None


def _filled_in(command: str, answers: Sequence[str]) -> str:
    """The command with the tag and the cursor that were answered last, where it has any."""
    found = varying(answers)
    tags = [one for one in found if re.fullmatch(r"[0-9a-f]{1,8}-[0-9a-f]{12,}", one)]
    cursors = re.findall(r'"next_cursor":"([\w-]{20,})"', "".join(answers[-1:]))
    if tags:
        command = re.sub(r'(?<=")[0-9a-f]{1,8}-[0-9a-f]{12,}(?=")', tags[0], command)
    return re.sub(r"(?<=cursor=)[\w-]+", cursors[0], command) if cursors else command


def main() -> None:
    """Write the page anew."""
    page = PAGE.read_text(encoding="utf-8")
    answered: list[Step] = []
    with (
        tempfile.TemporaryDirectory() as directory,
        ServerProcess(Path(directory), DATABASE_URL="memory://") as server,
    ):
        terminal = Terminal(Path(directory), server.url, stand_in=not has_curl())
        for step in steps(page):
            command = _filled_in(step.command, [one.answer for one in answered])
            answered.append(Step(command, terminal.type(command)))
    PAGE.write_text(with_answers(page, answered), encoding="utf-8")


if __name__ == "__main__":
    main()
