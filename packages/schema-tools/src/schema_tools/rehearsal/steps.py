"""Taking a database through the revisions one by one, without loading all of them again for every step."""

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import Script, ScriptDirectory
from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from schema_tools.errors import SchemaToolsError
from schema_tools.failures import explained
from schema_tools.foreign_connections import ForeignConnection
from schema_tools.migrations.connection import counting_goes_on
from schema_tools.migrations.environments import Work, probe_environment, run_environment
from schema_tools.migrations.scripts import (
    UNCOMMITTED,
    UNRECORDED,
    alembic_config,
    ancestry,
    is_recorded,
    script_directory,
    versions_of,
)
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.baseline import first_revision
from schema_tools.rehearsal.scratch import engine_of
from schema_tools.rehearsal.stores import said

_LONGEST_STATEMENT: Final = 200
# A table, schema, column or other object: https://www.postgresql.org/docs/current/errcodes-appendix.html
_LACKING: Final = frozenset({"42P01", "3F000", "42703", "42704"})


class StepFailed(SchemaToolsError):
    """A revision failed.

    Attributes:
        place: The file and line, as findings name it; the file alone when no line of it was executing.
        statement: The statement that failed, on one line; empty when there was none.
        irreversible: Whether the revision says by `NotImplementedError` that it cannot be taken back.
        lacks: Whether it needs a table or another object that is not there.
    """

    def __init__(self, place: str, error: BaseException) -> None:
        self.place = place
        self.irreversible = isinstance(error, NotImplementedError)
        self.statement = ""
        self.lacks = False
        if isinstance(error, DBAPIError):
            self.why = said(error)
            self.statement = in_one_line(error.statement or "")
            self.lacks = getattr(error.orig, "sqlstate", None) in _LACKING or "no such table" in str(error.orig)
        elif self.irreversible or isinstance(error, SchemaToolsError):
            self.why = str(error)
        else:
            self.why = f"{type(error).__name__}: {error}"
        super().__init__(f"{place} failed: {self.why}")


@dataclass
class Revisions:
    """The revisions of a project, read once."""

    project: SchemaProject
    config: Config = field(init=False)
    script: ScriptDirectory = field(init=False)

    def __post_init__(self) -> None:
        self.config = alembic_config(self.project)
        self.script = script_directory(self.project)

    def in_order(self) -> list[Script]:
        """Every revision, each after those it follows.

        Raises:
            SchemaToolsError: One cannot be read.
        """
        with explained(None, versions_of(self.script)):
            return list(reversed(list(self.script.walk_revisions())))

    def rehearsed(self) -> list[Script]:
        """Those of `in_order` that come after the baseline, if there is one.

        Raises:
            SchemaToolsError: One cannot be read.
        """
        first = first_revision(self.project.baseline, self.script)
        known = ancestry(self.script, (first,)) if first else set()
        return [one for one in self.in_order() if one.revision not in known]

    def place(self, file: str | Path, line: int | None = None) -> str:
        """A file as findings name it, from the directory of Alembic's configuration, and the line."""
        file, root = Path(file).resolve(), self.project.alembic_ini.resolve().parent
        name = (file.relative_to(root) if file.is_relative_to(root) else file).as_posix()
        return f"{name}:{line}" if line else name


@dataclass
class Walker:
    """One database, and a connection to it that migrations run on and rows are written by."""

    revisions: Revisions
    url: URL
    _connection: Connection | None = None
    _probed: bool = False

    @property
    def connection(self) -> Connection:
        """The connection, which is opened when it is needed."""
        if self._connection is None:
            self._connection = engine_of(self.url).connect()
            if self.url.get_backend_name() == "postgresql":
                # A prepared statement does not survive a change of its tables.
                self._connection.connection.driver_connection.prepare_threshold = None  # type: ignore[union-attr]
        return self._connection

    def close(self) -> None:
        """Close the connection, before the database is copied or dropped."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """The connection, in a transaction that is committed at the end."""
        with self.connection.begin():
            yield self.connection

    def pass_over(self, script: Script) -> None:
        """Record a revision that cannot be applied, so that the next ones can be."""
        context = MigrationContext.configure(self.connection)
        with context.begin_transaction():
            context.stamp(self.revisions.script, script.revision)
        self.connection.commit()

    def step(self, script: Script, *, up: bool) -> None:
        """Apply a revision, whose parents are there, or take it back.

        Raises:
            ForeignConnection: `env.py` or the revision would not stay on this database.
            StepFailed: It failed.
        """
        directory = self.revisions.script
        make = MigrationStep.upgrade_from_script if up else MigrationStep.downgrade_from_script

        def steps(_heads: Sequence[str], _context: MigrationContext) -> list[MigrationStep]:
            return [make(directory.revision_map, script)]

        try:
            within = self._run(steps)
        except Exception as error:
            # What the revision did to the connection, or left open on it, must not affect the next step.
            self.close()
            if isinstance(error, ForeignConnection) and not error.by_revision:
                raise
            stopped = error.__cause__ if isinstance(error, ForeignConnection) else None
            frames = traceback.extract_tb((stopped or error).__traceback__)
            lines = [one.lineno for one in frames if Path(one.filename).resolve() == Path(script.path).resolve()]
            raise StepFailed(self.revisions.place(script.path, lines[-1] if lines else None), error) from error
        self.connection.rollback()
        recorded = is_recorded(directory, self.connection, script.revision, up=up)
        self.connection.rollback()
        if not recorded:
            self.close()
            raise StepFailed(
                self.revisions.place(script.path), SchemaToolsError(f"it {UNCOMMITTED if within else UNRECORDED}")
            )

    def leap(self, scripts: Sequence[Script]) -> bool:
        """Apply revisions in one run of `env.py`, which takes a third of the time of single steps.

        Returns whether that worked. Where it did not, the database is of no use any more, and single steps say why.

        Raises:
            ForeignConnection: `env.py` would not stay on this database.
        """
        directory = self.revisions.script

        def steps(_heads: Sequence[str], _context: MigrationContext) -> list[MigrationStep]:
            return [MigrationStep.upgrade_from_script(directory.revision_map, one) for one in scripts]

        try:
            self._run(steps)
            self.connection.rollback()
            worked = is_recorded(directory, self.connection, scripts[-1].revision, up=True)
            self.connection.rollback()
        except Exception as error:
            self.close()
            if isinstance(error, ForeignConnection) and not error.by_revision:
                raise
            return False
        return worked

    def _run(self, work: Work) -> bool:
        """Run `env.py`, as `run_environment` does."""
        config, directory = self.revisions.config, self.revisions.script
        if not self._probed:
            probe_environment(config, directory, self.connection, hand=True)
            self._probed = True
        with counting_goes_on():
            return run_environment(config, directory, self.connection, work, hand=True)


def in_one_line(statement: str) -> str:
    """A statement without its line ends, cut where it gets long."""
    line = " ".join(statement.split())
    return line if len(line) <= _LONGEST_STATEMENT else f"{line[:_LONGEST_STATEMENT]}..."
