"""The tools that are compared: how each is installed, set up as its documentation says, and asked."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from compared_setups import GAUNTLET, GAUNTLET_FILES, PYTEST_ALEMBIC, PYTEST_ALEMBIC_FILES, UTILS
from planted_faults import ENVIRONMENT, Shop

Words: TypeAlias = Counter[str]
"""What a tool says of a project: its rules, tests or operations, and how often."""


_COULD_NOT_RUN: Final = 2


@dataclass(frozen=True)
class Place:
    """Where a tool is asked: the project, the programs of the tool's environment, and an empty database."""

    directory: Path
    programs: Path
    url: str

    def run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run one of the programs in the project."""
        command: list[str | Path] = [self.programs / program, *arguments]
        return subprocess.run(  # noqa: S603 -- of an environment that was made for this
            command, cwd=self.directory, capture_output=True, text=True, check=False, timeout=300
        )

    def write(self, shop: Shop, environment: str = ENVIRONMENT, files: Mapping[str, str] | None = None) -> None:
        """Write the project with its database, before anything was edited, and what the tool needs beside it."""
        shop.write(self.directory, environment, self.url)
        for name, text in (files or {}).items():
            (self.directory / name).parent.mkdir(exist_ok=True)
            (self.directory / name).write_text(text.replace("DATABASE", repr(self.url)), encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool that is compared.

    Attributes:
        name: As it calls itself.
        distribution: What is installed; empty for these tools, which the environment of the benchmark has.
        beside: What is installed beside it and is not of the project.
        how: How it is asked, for the document.
        ask: Asks it.
    """

    name: str
    distribution: str = ""
    beside: Sequence[str] = ()
    how: str
    ask: Callable[[Place, Shop], Words]


def by_us(place: Place, shop: Shop) -> Words:
    """The rules of `check`; `env.py` stays as it is, and its database is none that exists."""
    shop.write(place.directory)
    place.run("schema-tools", "lock")
    shop.edit(place.directory)
    done = place.run("schema-tools", "check", "--format", "json")
    if done.returncode == _COULD_NOT_RUN:
        return stopped(done.stderr)
    return Counter(one["rule"] for check in json.loads(done.stdout)["checks"] for one in check["findings"])


def by_alembic(place: Place, shop: Shop, environment: str = ENVIRONMENT) -> Words:
    """The operations that `alembic check` misses."""
    place.write(shop, environment)
    for edit in (False, True):
        if edit:
            shop.edit(place.directory)
        done = place.run("alembic", "upgrade", "head")
        if done.returncode:
            return stopped(done.stderr + done.stdout)
    done = place.run("alembic", "check")
    if not done.returncode:
        return Counter()
    said = done.stdout + done.stderr
    return Counter(re.findall(r"(?:\[|, )\('(\w+)'", said)) or stopped(said)


def by_alembic_utils(place: Place, shop: Shop) -> Words:
    """The same, with the function of the project registered."""
    return by_alembic(place, shop, UTILS)


def by_squawk(place: Place, shop: Shop) -> Words:
    """The rules of squawk for the SQL that Alembic writes offline.

    Each revision has a file of its own: a table that is made in the same file is new to squawk.
    """
    place.write(shop)
    shop.edit(place.directory)
    steps = ["base:a001", "a001:a002"] if shop.up else ["base:a001"]
    files = [f"{step.partition(':')[2]}.sql" for step in steps]
    for step, file in zip(steps, files, strict=True):
        done = place.run("alembic", "upgrade", step, "--sql")
        done.check_returncode()
        (place.directory / file).write_text(done.stdout, encoding="utf-8")
    done = place.run("squawk", "--reporter", "json", *files)
    return Counter(one["rule_name"] for one in json.loads(done.stdout))


def by_alembic_guard(place: Place, shop: Shop) -> Words:
    """Its rules."""
    place.write(shop)
    shop.edit(place.directory)
    done = place.run("alembic-guard", "--strict", "--format", "json")
    return Counter(re.findall(r'"(AG\d+)"', done.stdout))


def by_pytest_alembic(place: Place, shop: Shop) -> Words:
    """The tests that fail."""
    place.write(shop, PYTEST_ALEMBIC, PYTEST_ALEMBIC_FILES)
    shop.edit(place.directory)
    return _failed(place.run("python", "-m", "pytest", "--test-alembic", "-q", "-rfE"))


def by_alembic_gauntlet(place: Place, shop: Shop) -> Words:
    """The tests that fail."""
    place.write(shop, GAUNTLET, GAUNTLET_FILES)
    shop.edit(place.directory)
    return _failed(place.run("python", "-m", "pytest", "-q", "-rfE"))


def _failed(done: "subprocess.CompletedProcess[str]") -> Words:
    if done.returncode not in {0, 1} or not re.search(r"\d (passed|failed)", done.stdout):
        raise RuntimeError(f"pytest could not run:\n{done.stdout}\n{done.stderr}")
    return Counter(re.findall(r"^(?:FAILED|ERROR) \S*::(\w+)", done.stdout, re.MULTILINE))


def stopped(output: str) -> Words:
    """What made a command stop, without the names of a run."""
    sentence = output.strip().splitlines()[-1].removeprefix("FAILED: ").removeprefix("schema_tools: ")
    return Counter([f"stops: {sentence.partition(' for given ')[0]}"])


TOOLS: Final = (
    Tool(
        name="schema-tools",
        how="`schema-tools lock` once, then `schema-tools check`; `env.py` as `alembic init` writes it",
        ask=by_us,
    ),
    Tool(
        name="Alembic check",
        distribution="alembic",
        how="`alembic upgrade head` on an empty database, then `alembic check`, with `compare_server_default` and the"
        " plugin `alembic.ext.checkconstraint_byname`, which are off by default. An edited migration had been applied"
        " before it was edited",
        ask=by_alembic,
    ),
    Tool(
        name="squawk",
        distribution="squawk-cli",
        how="`squawk` on the SQL of `alembic upgrade --sql`, a file for each revision",
        ask=by_squawk,
    ),
    Tool(name="alembic-guard", distribution="alembic-guard", how="`alembic-guard --strict`", ask=by_alembic_guard),
    Tool(
        name="pytest-alembic",
        distribution="pytest-alembic",
        # With pytest 9 its collector fails: it has no attribute `_nodeid`.
        beside=("pytest<9",),
        how="`pytest --test-alembic` with both experimental tests, an `env.py` as its documentation says, and one row"
        " for each table in `at_revision_data` of the first revision, an order whose total the planted CHECK refuses",
        ask=by_pytest_alembic,
    ),
    Tool(
        name="alembic-gauntlet",
        distribution="alembic-gauntlet[asyncio]",
        beside=("pytest", "asyncpg"),
        how="`MigrationTestBase` with `migration_diff_compare_server_default`, and an `env.py` that works in the schema"
        " that it is given",
        ask=by_alembic_gauntlet,
    ),
    Tool(
        name="alembic-utils",
        distribution="alembic-utils",
        how="as Alembic check, with the function of the project as a `PGFunction` in `register_entities`",
        ask=by_alembic_utils,
    ),
)
