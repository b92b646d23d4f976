"""Findings for people: summed by rule where there are many, each in full where there are few."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import typer
from rich.console import RenderableType
from rich.text import Text

from schema_tools.cli.output import Hanging, counted, findings_text
from schema_tools.findings import Finding

# As many as a screen or two hold, each with its reason and its safe form.
_FEW: Final = 10
_COLOURS: Final = ("bold red", "red", "red", "yellow", "dim")

EverythingOption = Annotated[
    bool, typer.Option("--all", help="Write every finding in full; without it, many are summed by rule.")
]


def findings_report(ctx: typer.Context, findings: Sequence[Finding], *, in_full: bool) -> Iterator[RenderableType]:
    """The findings, the worst first: each one when that is asked or they are few, or else a sum by rule.

    Args:
        ctx: The command, which the advice at the end names.
        findings: What was found.
        in_full: Whether each is written, however many there are.
    """
    from schema_tools.reporting.rules import worst_first

    ordered = worst_first(findings)
    if in_full or len(ordered) <= _FEW:
        yield from findings_text(ordered)
        return
    yield from _summed(ordered)
    yield Text("")
    program = ctx.parent.command_path if ctx.parent is not None else ctx.command_path
    rule = ordered[0].rule
    advice = (f"{ctx.command_path} --rule {rule}", "every finding of a rule"), (f"{ctx.command_path} --all", "all")
    width = max(len(command) for command, _ in advice)
    for command, gives in (*advice, (f"{program} explain {rule}", "what a rule means, and how to waive it")):
        yield Hanging(Text("  "), Text.assemble((command.ljust(width), "bold"), f"  {gives}"), folded=False)


def _summed(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    """A line for each rule with the number of its findings, and below it the first of them."""
    from schema_tools.reporting.rules import severity_of

    numbers = Counter(one.rule for one in findings)
    examples = {one.rule: one for one in reversed(findings)}
    severities = {rule: severity_of(one) for rule, one in examples.items()}
    rules = sorted(numbers, key=lambda rule: (severities[rule].rank, -numbers[rule], rule))
    number_of_rules = counted(len(rules), "rule")
    yield Text(f"{counted(len(findings), 'finding')} of {number_of_rules}, the worst first:", style="bold")
    before = None
    for rule in rules:
        severity = severities[rule]
        if severity is not before:
            yield Text("")
            yield Text(severity.value, style=_COLOURS[severity.rank])
        before = severity
        yield Text.assemble((f"{numbers[rule]:>6}", "bold"), "  ", (rule, "yellow"))
        one = examples[rule]
        yield Hanging(Text(" " * 8), Text.assemble((one.place, "bold"), f"  {one.message}"))
        code, *more = one.fix.splitlines() or [""]
        if code:
            fix = Text(f"fix: {code}{' ...' if more else ''}", style="green")
            yield Hanging(Text(" " * 8), fix, folded=False)
