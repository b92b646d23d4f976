"""How the commands write: reports and tables for people, JSON for programs."""

import io
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

import typer
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding

# Wide enough that nothing is folded where the output goes to a file or a pipe.
_UNFOLDED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Hanging:
    """A paragraph that hangs from its margin: every line begins under the first one's text.

    A word that is longer than the line, such as an address on the web, is not cut in two.

    Attributes:
        margin: What stands before the first line; blanks as wide stand before the others.
        text: The paragraph.
        folded: False for code, which only the terminal folds, so that a line is one line when it is copied.
    """

    margin: Text
    text: Text
    folded: bool = True

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """The lines, as wide as the terminal."""
        margin = self.margin
        for paragraph in self.text.split("\n", allow_blank=True):
            room = options.max_width - margin.cell_len
            for line in paragraph.divide(_folds(paragraph.plain, room)) if self.folded else [paragraph]:
                line.rstrip()
                whole = margin + line
                whole.no_wrap, whole.overflow = True, "ignore"
                yield whole
                margin = Text(" " * margin.cell_len)


def _folds(words: str, width: int) -> list[int]:
    """Where the lines after the first one begin."""
    folds, column = [], 0
    for word in re.finditer(r"\S+\s*", words):
        if column and column + cell_len(word[0].rstrip()) > width:
            folds.append(word.start())
            column = 0
        column += cell_len(word[0])
    return folds


class Format(StrEnum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"


class FindingsFormat(StrEnum):
    """How findings are written: for people, for programs, or as a code host reads them."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    GITLAB = "gitlab"
    SARIF = "sarif"


FindingsFormatOption = Annotated[
    FindingsFormat,
    typer.Option(
        "--format",
        help="How the result is written: github is workflow commands, gitlab a report of code quality, sarif 2.1.0.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How the result is written.")]


def write_json(document: object) -> None:
    """A JSON document on standard output, for programs."""
    # Where the output is not in Unicode, JSON's own escapes say what it lacks.
    in_unicode = sys.stdout is not None and sys.stdout.encoding.lower().startswith("utf")
    write(json.dumps(document, ensure_ascii=not in_unicode, indent=2) + "\n")


def write_report(*parts: RenderableType) -> None:
    """What rich can render, on standard output: coloured in a terminal, plain and unfolded elsewhere."""
    in_terminal = sys.stdout is not None and sys.stdout.isatty()
    # Not standard output itself where that is no terminal: rich may write to it, and it may take nothing.
    file = None if in_terminal else io.StringIO()
    console = Console(file=file, width=None if in_terminal else _UNFOLDED, highlight=False, emoji=False)
    with console.capture() as written:
        for part in parts:
            # A sentence is left to the terminal to fold.
            console.print(part, crop=False, markup=False, soft_wrap=isinstance(part, str))
    write("".join(f"{line.rstrip()}\n" for line in written.get().splitlines()))


def finish(output: Format, document: object, parts: Iterable[RenderableType], *, failed: bool = False) -> None:
    """Write the result of a command: `document` as JSON, or `parts` as a report.

    Raises:
        typer.Exit: With status 1, when the command `failed` or found something.
    """
    if output is Format.JSON:
        write_json(document)
    else:
        write_report(*parts)
    if failed:
        raise typer.Exit(1)


def finish_findings(output: Format, findings: Sequence[Finding], *, clean: str) -> None:
    """Write every finding with its why and how to fix it, or `clean` when there is none.

    Raises:
        typer.Exit: With status 1, when there is a finding.
    """
    document = {"findings": [one.as_document() for one in findings]}
    finish(output, document, findings_text(findings) if findings else [clean], failed=bool(findings))


def findings_text(findings: Iterable[Finding]) -> Iterator[RenderableType]:
    """Each finding with its why and how to fix it."""
    for one in findings:
        yield Text.assemble((one.place, "bold"), "  ", (one.rule, "yellow"))
        yield Hanging(Text("  "), Text(one.message))
        if one.why:
            yield Hanging(Text("  "), Text(f"why: {one.why}", style="dim"))
        for line in one.fix.splitlines():
            yield Hanging(Text("    "), Text(line, style="green"), folded=False)
        yield Text("")


def finding_document(one: Finding) -> dict[str, str]:
    """A finding as JSON has it, with how bad it is."""
    from schema_tools.reporting.rules import severity_of

    return {**one.as_document(), "severity": severity_of(one).name.lower()}


def counted(number: int, noun: str) -> str:
    """A number with its noun, such as `1 finding` or `2 findings`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def verdict_on(reported: int, found: int) -> str:
    """What is said where so many findings were found, and so many of them are reported; clean is where none was."""
    if reported:
        return counted(reported, "finding")
    return f"{found} left out" if found else "clean"


def write(text: str) -> None:
    """`text` on standard output, in its encoding; a reader that went away is no error."""
    if sys.stdout is None:
        raise SchemaToolsError("standard output cannot be written to: it is closed")
    encoding = sys.stdout.encoding
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer goes nowhere, or its flush at the exit would fail again:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # whose reader, such as `head`, has what it wanted
            raise SchemaToolsError(f"standard output cannot be written to: {error.strerror}") from None
