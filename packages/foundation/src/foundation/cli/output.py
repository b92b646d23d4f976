"""How commands write: tables for people, JSON for programs."""

import io
import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Final

import typer

# Wide enough that nothing is folded where the output goes to a file or a pipe.
_UNFOLDED: Final = 10_000
# Categories and classes of Unicode: control characters and separators of lines, and explicit directions (UAX 9).
_CONTROLS: Final = {"Cc", "Zl", "Zp"}
_DIRECTIONS: Final = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


class Format(StrEnum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="How the result is written.")]


def write(text: str) -> None:
    """`text` on standard output, in its encoding; a reader that went away is no error."""
    if sys.stdout is None:  # it was closed before this began
        raise _no_output("it is closed")
    encoding = sys.stdout.encoding
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        discard_output()
        raise _no_output(str(error.strerror)) from None


def _no_output(reason: str) -> typer.Exit:
    typer.echo(f"Standard output cannot be written to: {reason}.", err=True)
    return typer.Exit(2)


def discard_output() -> None:
    """Let what is left in the buffer go nowhere, or its flush at the exit would fail again.

    See https://docs.python.org/3/library/signal.html#note-on-sigpipe.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_json(document: object) -> None:
    """A JSON document on standard output, for programs."""
    # JSON's own escapes stand for what the encoding of the output lacks.
    in_unicode = sys.stdout is not None and sys.stdout.encoding.lower().startswith("utf")
    write(json.dumps(document, ensure_ascii=not in_unicode, indent=2) + "\n")


def write_table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """A table on standard output; whole, however narrow the terminal is, when it goes to a file or a pipe."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    in_terminal = sys.stdout is not None and sys.stdout.isatty()
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=not in_terminal)
    for row in rows:
        # Text, not a string, which would be read as markup: a value may contain square brackets.
        table.add_row(*(Text("" if row[column] is None else _shown(str(row[column]))) for column in columns))
    # Not standard output itself where that is no terminal: rich may write to it, and it may take nothing.
    file = None if in_terminal else io.StringIO()
    console = Console(file=file, width=None if in_terminal else _UNFOLDED, highlight=False, emoji=False)
    with console.capture() as written:
        console.print(table, crop=False)
    write("".join(f"{line.rstrip()}\n" for line in written.get().splitlines()))


def _shown(value: str) -> str:
    """The value without what a terminal would obey: plain SQL may have written control characters."""
    return "".join(ascii(one)[1:-1] if _is_control(one) else one for one in value)


def _is_control(character: str) -> bool:
    """Whether it controls what is shown, which the characters that change the direction of a text do, too."""
    return unicodedata.category(character) in _CONTROLS or unicodedata.bidirectional(character) in _DIRECTIONS
