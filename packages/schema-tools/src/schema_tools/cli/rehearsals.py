"""The table of what a rehearsal did: whole at the end, or in a terminal line by line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.table import Table
from rich.text import Text

from schema_tools.cli.output import verdict_on

if TYPE_CHECKING:
    from schema_tools.project import SchemaProject
    from schema_tools.rehearsal.revision_report import RevisionReport

_TITLES: Final = ("database", "revision", "message", "rows", "up, down, up")
_WIDTH_OF_ROWS: Final = 7
_LONGEST_MESSAGE: Final = 40
_AUTOMATIC: Final = (None,) * len(_TITLES)


class Shown(NamedTuple):
    """What became of a revision.

    Attributes:
        report: With the findings that are reported.
        found: How many findings there are with those that are left out.
    """

    report: "RevisionReport"
    found: int


def whole_table(revisions: Sequence[Shown]) -> Table:
    """The table, its columns as wide as they must be."""
    return _table(revisions, _AUTOMATIC, header=True)


class GrowingTable:
    """The same table, whose columns have their widths before its rows are known."""

    def __init__(self, project: "SchemaProject") -> None:
        from schema_tools.rehearsal.steps import Revisions

        history = Revisions(project).in_order()
        revision = max((len(one.revision) for one in history), default=0)
        message = max((len(one.doc) for one in history), default=0)
        self._widths = (
            max(len(_TITLES[0]), *map(len, project.databases)),
            max(len(_TITLES[1]), revision),
            max(len(_TITLES[2]), min(message, _LONGEST_MESSAGE)),
            _WIDTH_OF_ROWS,
            None,
        )

    def header(self) -> Table:
        """The first line."""
        return _table([], self._widths, header=True)

    def row(self, one: Shown) -> Table:
        """The line of a revision."""
        return _table([one], self._widths, header=False)


def _table(revisions: Sequence[Shown], widths: Sequence[int | None], *, header: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=header)
    for title, width in zip(_TITLES, widths, strict=True):
        table.add_column(title, justify="right" if title == "rows" else "left", overflow="fold", width=width)
    for shown in revisions:
        one = shown.report
        table.add_row(*map(Text, (one.dialect, one.revision, one.message, f"{one.rows:,}")), _verdict(shown))
    return table


def _verdict(shown: Shown) -> Text:
    one = shown.report
    verdict = verdict_on(len(one.findings), shown.found)
    if shown.found:
        return Text(verdict + (", stopped" if one.stopped else ""), style="red" if one.findings else "yellow")
    if one.irreversible is not None:
        return Text(f"up; irreversible: {one.irreversible}", style="yellow")
    return Text(verdict, style="green")
