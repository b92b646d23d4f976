"""The options of `check` for the baseline: what it does with findings that are known, and with those that are gone."""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from schema_tools.cli.output import counted
from schema_tools.errors import SchemaToolsError

if TYPE_CHECKING:
    from schema_tools.reporting.baseline import Known
    from schema_tools.reporting.selection import Reported, Selection

WriteBaselineOption = Annotated[
    bool,
    typer.Option("--write-baseline", help="Add what is found to the file of known findings, and remove what is gone."),
]
UpdateBaselineOption = Annotated[
    bool, typer.Option("--update-baseline", help="Remove what is gone from the file of known findings; add nothing.")
]
# After one of these, not everything was rehearsed or compared.
_CUT_SHORT = frozenset({"upgrade-fails", "mapping-not-made"})


class BaselineMode(Enum):
    """What becomes of the baseline."""

    READ = "read"
    UPDATE = "update"
    WRITE = "write"


def baseline_mode(*, write: bool, update: bool, partly: bool) -> BaselineMode:
    """The mode that the options name.

    Raises:
        SchemaToolsError: They exclude each other, or only a part of the project is judged (`partly`).
    """
    if write and update:
        raise SchemaToolsError("give --write-baseline or --update-baseline, not both")
    if (write or update) and partly:
        raise SchemaToolsError("the known findings are those of the whole project: leave out --since and --rule")
    if write:
        return BaselineMode.WRITE
    return BaselineMode.UPDATE if update else BaselineMode.READ


class KnownFindings:
    """The baseline after all checks: `gone` are its entries that were not found again."""

    def __init__(
        self, selection: "Selection", found: Sequence["Reported"], mode: BaselineMode, *, partly: bool
    ) -> None:
        from schema_tools.reporting.selection import entries_of

        self._baseline, self._mode, self._new = selection.baseline, mode, entries_of(found)
        self.gone = [] if partly else _gone(selection, found)

    def save(self) -> None:
        """Write the file as the mode says.

        Raises:
            SchemaToolsError: It cannot be written.
        """
        kept = [one for one in self._baseline.entries if one not in self.gone]
        if self._mode is BaselineMode.WRITE:
            self._baseline.write([*kept, *self._new])
        elif self._mode is BaselineMode.UPDATE and self.gone:
            self._baseline.write(kept)

    def document(self) -> list[dict[str, Any]]:
        """The entries that are gone, for JSON."""
        return [one._asdict() for one in self.gone]

    def text(self, command: str) -> Iterator[RenderableType]:
        """What became of the file, or what `command` would do to it; nothing where there is nothing to say."""
        name, gone = self._baseline.path.name, counted(len(self.gone), "known finding")
        if self._mode is BaselineMode.WRITE:
            total = len(self._baseline.entries) - len(self.gone) + len(self._new)
            yield f"written: {name} has {counted(total, 'finding')}: {len(self._new)} new, {len(self.gone)} removed"
        elif self._mode is BaselineMode.UPDATE:
            yield f"{gone} removed from {name}"
        elif self.gone:
            yield Text(f"{gone} in {name} {'is' if len(self.gone) == 1 else 'are'} not found any more:", style="yellow")
            yield Text(f"  {command} --update-baseline", style="bold")


def _gone(selection: "Selection", found: Sequence["Reported"]) -> list["Known"]:
    from schema_tools.reporting.rules import all_rules

    gone = selection.found_no_longer()
    known = {one.rule for one in selection.baseline.entries if one.fingerprint in selection.seen}
    if _CUT_SHORT.isdisjoint({*known, *(one.finding.rule for one in found)}):
        return gone
    of_verify = {one.name for one in all_rules() if one.command == "verify"}
    return [one for one in gone if one.rule not in of_verify]
