"""Every command of the README is run, in its order, in a copy of the project, as a newcomer would."""

import re
from pathlib import Path

from newcomer import ROOT, copy_project, newcomer
from postgres_fixtures import POSTGRES_NAMES, PostgresServers

# These run the suites and the checks of which this test is a part; the gate runs them as they stand here.
RUN_BY_THE_GATE = {"make test", "make test-packages", "make check"}
COLUMN = """
        Column("nickname", String(16), nullable=True, comment="Nickname"),
"""


def commands() -> list[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line]


def add_a_column(copy: Path) -> None:
    """What the README asks for before `make db-migrate`."""
    table = copy / "src/adapters/sqlalchemy/tables/users.py"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("\n        created_at(),", f"{COLUMN}        created_at(),"), encoding="utf-8")


def test_every_command_of_the_readme_works_in_its_order(tmp_path: Path, postgres_servers: PostgresServers) -> None:
    copy = copy_project(tmp_path / "fastapi service")
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url, newcomer(copy, url) as somebody:
        for command in commands():
            if command.startswith("make db-migrate") and "empty=1" not in command:
                add_a_column(copy)
            if command not in RUN_BY_THE_GATE:
                somebody.type(command)


def test_the_gate_runs_what_the_readme_calls_tests_and_checks() -> None:
    gate = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert set(gate) >= RUN_BY_THE_GATE
    assert set(commands()) >= RUN_BY_THE_GATE
