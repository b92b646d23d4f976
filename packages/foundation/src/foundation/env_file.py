"""The file `.env`, read strictly: what is written in it counts, or stops the start."""

import os
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from dotenv.parser import parse_stream


class EnvFileError(Exception):
    """The file cannot be read as it is. The message names the line, and never shows what is in it."""


class Variable(NamedTuple):
    """A variable of the file, and the number of its line."""

    value: str
    line: int


def read_env_file(path: Path) -> dict[str, Variable]:
    """The variables of the file by name, in upper case; none when there is no such file.

    Values stay as they are written: `$` has no meaning in them.

    Raises:
        EnvFileError: the path is no file, or a line is not NAME=value, or a name is there twice.
    """
    if not os.path.lexists(path):
        return {}
    found: dict[str, Variable] = {}
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for binding in parse_stream(stream):
                line = binding.original.line + _blank_lines(binding.original.string)
                if binding.error or (binding.key is not None and binding.value is None):
                    raise EnvFileError(f"{path}, line {line}: this is not NAME=value; a quote may have no end")
                if binding.key is not None and binding.value is not None:
                    name = binding.key.upper()
                    if name in found:
                        raise EnvFileError(f"{path}, line {line}: {name} is there twice")
                    found[name] = Variable(binding.value, line)
    except UnicodeDecodeError:
        raise EnvFileError(f"{path} is not valid UTF-8 text") from None
    except OSError as error:
        raise EnvFileError(f"{path} cannot be read: {error.strerror}") from None
    return found


def misspelt(names: Iterable[str], known: Collection[str]) -> list[tuple[str, str]]:
    """Those of `names` that are nearly one of the `known`, each with that one; those of other programs are not."""
    unknown = sorted({name.upper() for name in names} - set(known))
    close = ((name, get_close_matches(name, known, n=1, cutoff=0.9)) for name in unknown)
    return [(name, match[0]) for name, match in close if match]


def _blank_lines(text: str) -> int:
    """How many lines stand before the binding in its text, which begins with those that are empty or comments."""
    lines = text.splitlines()
    return next((number for number, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), 0)
