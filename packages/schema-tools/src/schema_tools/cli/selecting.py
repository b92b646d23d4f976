"""The options that say which findings a command reports, and the sentence on those that it leaves out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from schema_tools.cli.output import counted

if TYPE_CHECKING:
    from schema_tools.project import SchemaProject
    from schema_tools.reporting.selection import Selection

RuleOption = Annotated[
    list[str] | None,
    typer.Option("--rule", metavar="RULE", help="Report this rule only, every finding in full; may be given again."),
]
OpinionsOption = Annotated[
    bool | None,
    typer.Option(
        "--without-opinions/--with-opinions",
        help="Leave out rules about taste, such as missing-comment. Unset, as pyproject.toml says.",
    ),
]

SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="REV|COMMIT",
        help="Judge only what is new: the revisions after this one, or those that were added or changed since this"
        " branch or commit of git, and the tables that they work on.",
    ),
]


def selected_revisions(project: "SchemaProject", since: str | None) -> frozenset[str] | None:
    """The revisions that `--since` names; None, which is all of them, without it.

    Raises:
        SchemaToolsError: It names none, or there is no git to ask.
    """
    from schema_tools.reporting.since import new_since

    return None if since is None else new_since(project, since)


def selected_rules(names: Sequence[str] | None) -> frozenset[str]:
    """The rules that `--rule` names.

    Raises:
        SchemaToolsError: There is no rule of one of the names.
    """
    from schema_tools.reporting.rules import rules_named

    return frozenset(one.name for name in names or () for one in rules_named(name))


def selection_of(project: "SchemaProject", rules: frozenset[str], without_opinions: bool | None) -> "Selection":  # noqa: FBT001 -- as the option has it
    """What is reported of the project's findings: as the options say, or else its `pyproject.toml`.

    Raises:
        SchemaToolsError: The settings there are wrong, or the file of known findings cannot be read.
    """
    from schema_tools.reporting.baseline import read_baseline
    from schema_tools.reporting.selection import Selection
    from schema_tools.reporting.settings import read_settings

    settings = read_settings(project.alembic_ini)
    if without_opinions is not None:
        settings = replace(settings, without_opinions=without_opinions)
    return Selection(rules=rules, settings=settings, baseline=read_baseline(settings.baseline))


def left_out_text(selection: "Selection") -> Iterator[RenderableType]:
    """How many findings were left out, and why; nothing when none was."""
    left_out = selection.left_out
    words = [
        *([f"{counted(left_out['known'], 'finding')} of {selection.baseline.path.name}"] if left_out["known"] else []),
        *([counted(left_out["opinions"], "opinion")] if left_out["opinions"] else []),
        *([f"{counted(left_out['ignored'], 'finding')} of ignored rules"] if left_out["ignored"] else []),
    ]
    if words:
        yield Text(f"left out: {', '.join(words)}", style="dim")
