"""What a command says while it works: a line on standard error that is written over, and gone at the end."""

import shutil
import sys
from types import TracebackType
from typing import Self

import typer
from rich.cells import cell_len, set_cell_size


def is_terminal(stream: object) -> bool:
    """Whether a person sees what is written to standard output or standard error; either may be closed."""
    return bool(stream is not None and getattr(stream, "isatty", bool)())


class ProgressLine:
    """The line; a context manager that takes it away. Nothing is written where standard error is no terminal."""

    def __init__(self) -> None:
        self._shown = is_terminal(sys.stderr)
        self._length = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._length:
            self._write("")
            typer.echo("\r", nl=False, err=True)

    def say(self, text: str) -> None:
        """Write `text` over what is there, cut to the width of the terminal."""
        if self._shown:
            self._write(text)

    def _write(self, text: str) -> None:
        line = " ".join(text.split())
        # A line that reached the last column would go on to the next one.
        room = shutil.get_terminal_size().columns - 1
        line = line if cell_len(line) <= room else set_cell_size(line, room)
        blanks = " " * max(0, self._length - cell_len(line))
        self._length = cell_len(line)
        typer.echo(f"\r{line}{blanks}", nl=False, err=True)
