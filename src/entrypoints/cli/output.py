"""How the command line writes: tables for people, JSON for programs, errors on standard error."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text


class Format(StrEnum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"


def say_error(sentence: str) -> None:
    """One sentence on standard error."""
    typer.echo(f"fastapi-service: {sentence}", err=True)


def write_json(document: object) -> None:
    """A JSON document on standard output, for programs."""
    # Where the output is not in Unicode, JSON's own escapes say what it lacks.
    in_unicode = sys.stdout.encoding.lower().startswith("utf")
    _write(json.dumps(document, ensure_ascii=not in_unicode, indent=2) + "\n")


def write_table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """A table on standard output; whole, however narrow the terminal is, when it goes to a file or a pipe."""
    width = None if sys.stdout.isatty() else 10_000
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=width is not None)
    for row in rows:
        # Text, not a string, which would be read as markup: a name may contain square brackets.
        table.add_row(*(Text(str(row[column])) for column in columns))
    console = Console(width=width)
    with console.capture() as written:
        console.print(table)
    _write("".join(f"{line.rstrip()}\n" for line in written.get().splitlines()))


def _write(text: str) -> None:
    encoding = sys.stdout.encoding
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has what it wanted. What is left in the buffer goes nowhere, or its flush at the
        # exit would fail again: https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
