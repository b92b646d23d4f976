"""How commands write: tables for people, JSON for programs."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Final

import typer

# Wide enough that nothing is folded where the output goes to a file or a pipe.
_UNFOLDED: Final = 10_000


class Format(StrEnum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="How the result is written.")]


def write(text: str) -> None:
    """`text` on standard output, in its encoding; a reader that went away is no error."""
    encoding = sys.stdout.encoding
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """Let what is left in the buffer go nowhere, or its flush at the exit would fail again.

    See https://docs.python.org/3/library/signal.html#note-on-sigpipe.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_json(document: object) -> None:
    """A JSON document on standard output, for programs."""
    # JSON's own escapes stand for what the encoding of the output lacks.
    in_unicode = sys.stdout.encoding.lower().startswith("utf")
    write(json.dumps(document, ensure_ascii=not in_unicode, indent=2) + "\n")


def write_table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """A table on standard output; whole, however narrow the terminal is, when it goes to a file or a pipe."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=not sys.stdout.isatty())
    for row in rows:
        # Text, not a string, which would be read as markup: a value may contain square brackets.
        table.add_row(*(Text(str(row[column])) for column in columns))
    console = Console(width=None if sys.stdout.isatty() else _UNFOLDED, highlight=False, emoji=False)
    with console.capture() as written:
        console.print(table, crop=False)
    write("".join(f"{line.rstrip()}\n" for line in written.get().splitlines()))
