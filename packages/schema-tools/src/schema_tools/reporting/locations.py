"""Where in the files of a checkout a finding is, for programs that show it beside the code."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Constraint, Index, Table
from sqlalchemy.orm import Mapper

from schema_tools.findings import Finding
from schema_tools.migrations.scripts import script_directory
from schema_tools.project import SchemaProject
from schema_tools.reporting.git import top_level
from schema_tools.versions import NAME as LOCK


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file.

    Attributes:
        path: The file, from the top of the checkout, with slashes.
        line: The line in it, from 1.
        exact: Whether the finding is there. Where that is not known, it is shown at Alembic's configuration.
    """

    path: str
    line: int = 1
    exact: bool = True


@dataclass
class Locations:
    """Finds the places of findings in a project.

    Files are named from the top of the checkout of git, or else from the current directory.
    """

    project: SchemaProject
    _roots: list[Path] = field(init=False)
    _classes: dict[str, Location] = field(init=False)

    def __post_init__(self) -> None:
        ini = self.project.alembic_ini.resolve()
        self._top = (top_level(ini.parent) or Path.cwd()).resolve()
        self._fallback = Location(self._shown(ini) or ini.name, exact=False)
        # Revisions are named from the configuration, versions.lock from above Alembic's directory.
        self._roots = [ini.parent, Path(script_directory(self.project).dir).resolve().parent]
        self._classes = dict(self._mapped())

    def of(self, finding: Finding) -> Location:
        """Where it is: in the file that it names, or in the class of the table that it is about."""
        match = re.fullmatch(r"(.+?)(?::(\d+))?", finding.place)
        name, line = (match[1], int(match[2] or 1)) if match else (finding.place, 1)
        paths = list(self._candidates(name))
        there = [one for one in paths if one.is_file()]
        # A lock that was deleted belongs beside the directory of the revisions.
        for path in there or [one for one in paths[-1:] if one.name == LOCK]:
            shown = self._shown(path)
            if shown is not None:
                return Location(shown, line)
        return self._classes.get(name, self._fallback)

    def _candidates(self, name: str) -> Iterator[Path]:
        document = self.project.document
        if document is not None and document.path.name == name:
            yield document.path.resolve()
        yield from (root / name for root in self._roots)

    def _shown(self, path: Path) -> str | None:
        return path.relative_to(self._top).as_posix() if path.is_relative_to(self._top) else None

    def _mapped(self) -> Iterator[tuple[str, Location]]:
        """The classes of declarative mappings, by the names of their tables and of what belongs to these."""
        for registry in self.project.registries():
            for mapper in registry.mappers:
                table = mapper.local_table
                location = self._of_class(mapper)
                if isinstance(table, Table) and location is not None:
                    yield from ((name, location) for name in _names(table))

    def _of_class(self, mapper: Mapper[Any]) -> Location | None:
        if "__table__" not in vars(mapper.class_):
            return None  # mapped imperatively: the class does not say what the table is
        try:
            path = Path(inspect.getsourcefile(mapper.class_) or "").resolve()
            _, line = inspect.getsourcelines(mapper.class_)
        except (OSError, TypeError):
            return None
        shown = self._shown(path)
        return Location(shown, line) if shown is not None else None


def _names(table: Table) -> Iterator[str]:
    yield table.fullname
    yield from (f"{table.fullname}.{column.name}" for column in table.columns)
    parts: list[Index | Constraint] = [*table.indexes, *table.constraints]
    yield from (str(one.name) for one in parts if one.name)
