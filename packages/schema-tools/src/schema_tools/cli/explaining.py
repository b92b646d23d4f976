"""The command that says what a rule means: explain."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from schema_tools.cli.output import Format, Hanging, finish

if TYPE_CHECKING:
    from schema_tools.reporting.rules import RuleFacts


def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="As findings name it, such as drop-column.")],
    output: Annotated[Format, typer.Option("--format", help="How the result is written.")] = Format.TEXT,
) -> None:
    """Say what a rule finds, why that matters, the safe form, and how to waive it."""
    from schema_tools.reporting.rules import rules_named

    found = rules_named(rule)
    documents = [
        {
            "rule": one.name,
            "command": one.command,
            "severity": one.severity.name.lower(),
            "group": one.group,
            "finds": one.finds,
            "why": one.why,
            "source": one.source,
            "example": one.example,
            "instead": one.instead,
            "waiver": one.waiver,
        }
        for one in found
    ]
    finish(output, {"rules": documents}, (part for one in found for part in _explained(one)))


def _explained(one: "RuleFacts") -> Iterator[RenderableType]:
    yield Text.assemble((one.name, "bold yellow"), f"  found by {one.command}  ", (one.severity.value, "dim"))
    yield Text("")
    yield Hanging(Text("Finds ", style="bold"), Text(f"{one.finds}."))
    yield Hanging(Text("Why   ", style="bold"), Text(f"{one.why} ({one.source})" if one.source else one.why))
    for title, code in (("Example", one.example), ("Instead", one.instead)):
        if code:
            yield Text("")
            yield Text(title, style="bold")
            for line in code.splitlines():
                style = "green" if title == "Instead" else ""
                yield Hanging(Text("    "), Text(line, style=style), folded=one.example == "")
    yield Text("")
    yield Hanging(Text(""), Text(one.waiver))
    yield Text("")
