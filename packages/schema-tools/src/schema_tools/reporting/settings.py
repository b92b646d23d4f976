"""What a project says of its findings: `[tool.schema-tools]` in its `pyproject.toml`."""

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from schema_tools.errors import SchemaToolsError
from schema_tools.reporting.baseline import NAME
from schema_tools.reporting.rules import rules_named

TABLE: Final = "tool.schema-tools"
_KEYS: Final = ("without-opinions", "ignore", "baseline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is left out of the findings of a project.

    Attributes:
        without_opinions: Whether the rules that are opinions are left out.
        ignored: The rules that are left out.
        baseline: The file of known findings, which need not be there.
    """

    without_opinions: bool = False
    ignored: frozenset[str] = frozenset()
    baseline: Path


def read_settings(alembic_ini: Path) -> Settings:
    """The settings in the `pyproject.toml` that is nearest above Alembic's configuration; the defaults without one.

    Raises:
        SchemaToolsError: The file cannot be read, or has a key, a value or a rule that is not known.
    """
    path = _pyproject(alembic_ini)
    told = _told(path) if path is not None else {}
    for key in told:
        if key not in _KEYS:
            close = get_close_matches(key, _KEYS, n=1)
            advice = f"; it may be {close[0]}" if close else f"; it may have {', '.join(_KEYS)}"
            raise SchemaToolsError(f"{path}: [{TABLE}] has the unknown key {key}{advice}")
    without_opinions = told.get("without-opinions", False)
    if not isinstance(without_opinions, bool):
        raise SchemaToolsError(f"{path}: without-opinions in [{TABLE}] is true or false")
    ignored = told.get("ignore", [])
    if not isinstance(ignored, list) or not all(isinstance(name, str) for name in ignored):
        raise SchemaToolsError(f'{path}: ignore in [{TABLE}] is a list of rules, such as ["missing-comment"]')
    for name in ignored:
        try:
            rules_named(name)
        except SchemaToolsError as error:
            raise SchemaToolsError(f"{path}: ignore in [{TABLE}]: {error}") from None
    baseline = told.get("baseline", NAME)
    if not isinstance(baseline, str) or not baseline:
        raise SchemaToolsError(f"{path}: baseline in [{TABLE}] is a file, such as {NAME!r}")
    directory = (path or alembic_ini.resolve()).parent
    return Settings(without_opinions=without_opinions, ignored=frozenset(ignored), baseline=directory / Path(baseline))


def _pyproject(alembic_ini: Path) -> Path | None:
    directory = alembic_ini.resolve().parent
    files = (one / "pyproject.toml" for one in (directory, *directory.parents))
    return next((one for one in files if one.is_file()), None)


def _told(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SchemaToolsError(f"{path} cannot be read: {error}") from error
    tool = document.get("tool", {})
    told = tool.get("schema-tools", {}) if isinstance(tool, dict) else {}
    if not isinstance(told, dict):
        raise SchemaToolsError(f"{path}: [{TABLE}] is a table")
    return told
