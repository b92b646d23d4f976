"""The baseline: a file of findings that a project knows, and that are not reported again."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding
from schema_tools.reporting.fingerprints import place_without_line

NAME: Final = ".schema-tools-baseline.json"
_VERSION: Final = 1


class Known(NamedTuple):
    """A finding that is known: by its fingerprint. The rest is for the people who review the file."""

    rule: str
    place: str
    message: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The known findings of a project, and the file that has them."""

    path: Path
    entries: Sequence[Known] = ()

    @property
    def fingerprints(self) -> frozenset[str]:
        """What the findings are known by."""
        return frozenset(one.fingerprint for one in self.entries)

    def write(self, entries: Iterable[Known]) -> None:
        """Write other entries in place of these: one in each line, by rule and place, the same bytes for the same ones.

        Raises:
            SchemaToolsError: The file cannot be written.
        """
        lines = ",\n".join(f"    {json.dumps(one._asdict(), ensure_ascii=False)}" for one in sorted(entries))
        findings = f"[\n{lines}\n  ]" if lines else "[]"
        text = f'{{\n  "version": {_VERSION},\n  "findings": {findings}\n}}\n'
        try:
            self.path.write_text(text, "utf-8", newline="\n")
        except OSError as error:
            raise SchemaToolsError(f"{self.path} cannot be written: {error.strerror}") from error


def known(finding: Finding, fingerprint: str) -> Known:
    """The entry of a finding."""
    return Known(finding.rule, place_without_line(finding.place), finding.message, fingerprint)


def read_baseline(path: Path) -> Baseline:
    """The baseline at `path`; one without entries where there is no file.

    Raises:
        SchemaToolsError: It cannot be read.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Baseline(path)
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        raise _unreadable(path, f'it has no "version": {_VERSION}')
    findings = document.get("findings")
    if not isinstance(findings, list):
        raise _unreadable(path, 'it has no list of "findings"')
    return Baseline(path, [_entry(path, one) for one in findings])


def _entry(path: Path, one: Any) -> Known:
    if not isinstance(one, dict) or not all(isinstance(one.get(name), str) for name in Known._fields):
        raise _unreadable(path, f"a finding in it has not all of {', '.join(Known._fields)}")
    return Known(**{name: one[name] for name in Known._fields})


def _unreadable(path: Path, why: str) -> SchemaToolsError:
    return SchemaToolsError(
        f"the known findings in {path} cannot be read: {why}; restore it as git has it,"
        " or delete it and write it anew with `check --write-baseline`"
    )
