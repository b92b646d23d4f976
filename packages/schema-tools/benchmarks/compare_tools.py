"""Count what these tools and others find of the planted faults: writes the tables of docs/comparison.md.

Run it in a checkout with the development requirements, with the directories of what it imports:
`PYTHONPATH=packages/schema-tools/tests:scripts python packages/schema-tools/benchmarks/compare_tools.py`.

It installs each tool into an environment of its own with uv, and took 22 minutes on a busy machine of two cores. With
names of tools it runs these alone, and prints what they say.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from compared_tools import TOOLS, Place, Tool, Words
from installers import Command, ToolError, pip_settings, run, uv_environment
from planted_faults import FAULTS, Shop
from schema_tools.postgres.binaries import preferred_installation
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.postgres.server import PostgresServer

PACKAGE: Final = Path(__file__).parents[1]
DOCUMENT: Final = PACKAGE / "docs" / "comparison.md"
BEGIN: Final = "<!-- written by benchmarks/compare_tools.py -->"
END: Final = "<!-- end of what is written -->"

# What a project has anyway.
_PROJECT: Final = ("alembic", "sqlalchemy[asyncio]", "psycopg[binary]")
_SHOWN: Final = ("alembic", "sqlalchemy")


@dataclass
class Answers:
    """What a tool said: for each fault the words that only the faulty project gets."""

    versions: dict[str, str]
    problem: str = ""
    found: dict[str, list[str]] = field(default_factory=dict)


def main() -> None:
    """Ask every tool about every fault, and write the tables."""
    chosen = [one for one in TOOLS if not sys.argv[1:] or one.name in sys.argv[1:]]
    installation = preferred_installation()
    answers = {}
    with PostgresServer(installation) as server, TemporaryDirectory() as directory:
        for tool in chosen:
            answers[tool.name] = asked(tool, server, Path(directory) / tool.name.replace(" ", "-"))
            print(f"{tool.name}: {answers[tool.name]}", flush=True)
    if chosen == list(TOOLS):
        text = DOCUMENT.read_text(encoding="utf-8")
        before, after = text.partition(BEGIN)[0], text.partition(END)[2]
        lines = [BEGIN, "", *document(answers, str(installation).partition(" (")[0]), "", END]
        DOCUMENT.write_text(before + "\n".join(lines) + after, encoding="utf-8")


def asked(tool: Tool, server: RunningPostgres, directory: Path) -> Answers:
    """Install a tool, and ask it about every fault."""
    try:
        programs, versions = installed(tool, directory / "environment")
    except ToolError as error:
        return Answers({}, problem=str(error).strip().splitlines()[-1])
    answers = Answers(versions)
    known: list[tuple[Shop, Words]] = []

    def said_of(shop: Shop) -> Words:
        for other, words in known:
            if other == shop:
                return words
        number = len(known)
        name = f"shop_{tool.distribution.partition('[')[0].replace('-', '_') or 'ours'}_{number}"
        url = server.create_database(name).render_as_string(hide_password=False)
        project = directory / f"project-{number}"
        project.mkdir(parents=True)
        words = tool.ask(Place(project, programs, url), shop)
        server.drop_database(name)
        known.append((shop, words))
        return words

    for fault in FAULTS:
        answers.found[fault.name] = sorted(said_of(fault.faulty) - said_of(fault.sound))
    return answers


def installed(tool: Tool, directory: Path) -> tuple[Path, dict[str, str]]:
    """The directory of the programs of a tool, and the versions of what counts.

    Raises:
        ToolError: It cannot be installed.
    """
    if not tool.distribution:
        return Path(sys.executable).parent, {}
    settings = uv_environment(pip_settings(Path(sys.executable)))
    uv, python = Path(sys.executable).with_name("uv"), directory / "bin" / "python"
    run([uv, "venv", "--python", sys.executable, directory], environment=settings)
    wanted: Command = ["--python", python, tool.distribution, *tool.beside, *_PROJECT]
    run([uv, "pip", "install", *wanted], environment=settings)
    ask = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    names = [re.split(r"[\[<]", one)[0] for one in (tool.distribution, *tool.beside, *_SHOWN)]
    return python.parent, dict(zip(names, run([python, "-c", ask, *names], environment=settings).split(), strict=True))


def document(answers: Mapping[str, Answers], release: str) -> list[str]:
    """The lines of both tables."""
    today = datetime.now(UTC).date().isoformat()
    found = {name: one for name, one in answers.items() if not one.problem}
    return [
        *asking(answers),
        "",
        f"{today}, {release}.",
        "",
        *table(["planted fault", *answers], [[fault.name, *cells(answers, fault.name)] for fault in FAULTS]),
        row([f"**of {len(FAULTS)}**", *(total(one) for one in answers.values())]),
        *(f"\n{name} was not run: {one.problem}" for name, one in answers.items() if one.problem),
        "",
        "## What each says",
        "",
        *table(
            ["planted fault", "said by"],
            [
                [fault.name, "; ".join(said for name, one in found.items() if (said := words(name, one, fault.name)))]
                for fault in FAULTS
            ],
        ),
    ]


def asking(answers: Mapping[str, Answers]) -> list[str]:
    """How each tool is asked, and in which versions, as a list."""
    versions = {
        tool.name: ", ".join(f"{name} {version}" for name, version in answers[tool.name].versions.items())
        for tool in TOOLS
    }
    return [f"- **{one.name}**: {one.how} ({versions[one.name] or 'of this checkout'})." for one in TOOLS]


def cells(answers: Mapping[str, Answers], fault: str) -> list[str]:
    """Whether each tool finds a fault."""
    return ["not run" if one.problem else "yes" if one.found[fault] else "no" for one in answers.values()]


def words(name: str, answers: Answers, fault: str) -> str:
    """What a tool says of a fault, with its name; empty if that is nothing."""
    said = answers.found[fault]
    return f"**{name}** {', '.join(f'`{one}`' for one in said)}" if said else ""


def total(answers: Answers) -> str:
    """How many faults a tool finds."""
    return "not run" if answers.problem else f"**{sum(map(bool, answers.found.values()))}**"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table of Markdown."""
    return [row(head), f"|{'---|' * len(head)}", *map(row, rows)]


def row(values: Sequence[str]) -> str:
    """A row of it."""
    return f"| {' | '.join(values)} |"


if __name__ == "__main__":
    main()
