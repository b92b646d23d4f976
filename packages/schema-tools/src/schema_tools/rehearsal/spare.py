"""The databases of a rehearsal, and the spare that takes over when one has become useless."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from uuid import uuid4

from alembic.script import Script
from sqlalchemy import URL

from schema_tools.postgres.databases import RunningPostgres
from schema_tools.rehearsal.steps import Revisions, Walker


@dataclass
class Databases:
    """Where a rehearsal works, on one kind of database: a context manager.

    A revision that failed, or was not taken back as it should, leaves a database behind in which the next ones cannot
    be judged. Then a copy is made of the spare, in which every revision was applied once, upwards, without rows. The
    spare is brought forward only when it is needed, so that a long history costs no more than each step twice.

    Attributes:
        server: Where PostgreSQL databases are made; None where there are none to make.
        directory: Where SQLite files are.
    """

    revisions: Revisions
    dialect: str
    server: RunningPostgres | None
    directory: Path
    _made: list[Walker] = field(default_factory=list)
    _spare: Walker | None = None
    _reached: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for walker in list(self._made):
            self.drop(walker)

    def empty(self) -> Walker:
        """A new database, without anything in it."""
        return self._made_from(None)

    def at(self, history: list[Script]) -> Walker:
        """A new database that has had `history`, which is never shorter than the last time, and has no rows.

        Raises:
            StepFailed: A revision fails without rows, too.
        """
        if self._spare is None:
            self._spare = self.empty()
        while self._reached < len(history):
            self._spare.step(history[self._reached], up=True)
            self._reached += 1
        self._spare.close()
        return self._made_from(self._spare.url)

    def drop(self, walker: Walker) -> None:
        """Drop a database."""
        walker.close()
        self._made.remove(walker)
        if self.server is not None and self.dialect == "postgresql":
            self.server.drop_database(str(walker.url.database))

    def _made_from(self, template: URL | None) -> Walker:
        name = f"rehearsal_{uuid4().hex}"
        if self.server is not None and self.dialect == "postgresql":
            url = self.server.create_database(name, str(template.database) if template is not None else None)
        else:
            url = URL.create("sqlite", database=str(self.directory / f"{name}.db"))
            if template is not None and Path(str(template.database)).exists():
                shutil.copy(str(template.database), str(url.database))
        walker = Walker(self.revisions, url)
        self._made.append(walker)
        return walker
