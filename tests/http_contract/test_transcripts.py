"""The commands of `docs/http-api.md` do what stands there. `make http-transcripts` writes their answers anew."""

from pathlib import Path

import pytest

from e2e.processes import ServerProcess
from http_contract.conftest import STORAGES
from http_contract.transcripts import (
    PAGE,
    Step,
    Terminal,
    comparable,
    has_curl,
    steps,
    typed,
    varying,
    with_answers,
)
from running_servers import Storages

ANSWER = """HTTP/1.1 200 OK
etag: "1-660ee22b65fe0"

{"created_at":"2026-11-23T09:22:41.124320Z","updated_at":"2026-11-23T09:22:41.124320Z"}
"""


def page_steps() -> list[Step]:
    return steps(PAGE.read_text(encoding="utf-8"))


def check(server: ServerProcess, directory: Path, *, stand_in: bool) -> None:
    written = page_steps()
    real = list(typed(written, Terminal(directory, server.url, stand_in=stand_in)))
    of_page, of_service = (varying([step.answer for step in some]) for some in (written, real))
    for step, answered in zip(written, real, strict=True):
        assert comparable(answered.answer, of_service) == comparable(step.answer, of_page), step.command


@pytest.mark.parametrize("name", [STORAGES[0], STORAGES[-1]])
def test_every_command_is_answered_as_the_page_says(name: str, storages: Storages, tmp_path: Path) -> None:
    with storages.migrated(name) as url, ServerProcess(tmp_path, auth_mode="", DATABASE_URL=url) as server:
        # On one storage without curl, so that the page can be checked where there is none, too.
        check(server, tmp_path, stand_in=name == "memory" or not has_curl())


def test_the_page_shows_the_ten_most_used_calls() -> None:
    commands = [step.command for step in page_steps()]
    assert len(commands) >= 12
    for call in ("Idempotency-Key", "If-None-Match", "-X PATCH", "If-Match", "/batch", "cursor=", "Prefer: count=exact",
                 "/import", "/export", "-X DELETE"):  # fmt: skip
        assert any(call in command for command in commands), call


def test_an_answer_that_differs_would_be_noticed() -> None:
    def compared(answer: str) -> str:
        return comparable(answer, varying([answer]))

    assert compared(ANSWER) == compared(ANSWER.replace("660ee", "770ee").replace("2026", "2027"))
    for old, new in (
        ("200", "201"),
        ("etag", "tag"),
        (".124320Z", "Z"),
        ('"1-660ee22b65fe0"', "1-660ee22b65fe0"),
        # What was the same as something else must be the same again.
        ('updated_at":"2026', 'updated_at":"2027'),
    ):
        assert compared(ANSWER) != compared(ANSWER.replace(old, new))


def test_what_is_written_anew_is_read_again() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_answers(page, steps(page)) == page
    others = [Step(f"{step.command} #", "x\n") for step in steps(page)]
    assert steps(with_answers(page, others)) == others
