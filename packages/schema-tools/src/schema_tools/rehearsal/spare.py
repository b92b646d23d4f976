"""The databases of a rehearsal, and the spare that replaces one that a revision left in a wrong state."""

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
    """The databases of a rehearsal, on one kind of database; a context manager that drops them.

    After a revision that failed, or was not restored by its downgrade, the next ones cannot be judged in the same
    database. A copy of the spare replaces it, to which the revisions were applied without rows. The spare is upgraded
    only when it is needed, so no step of a long history is run there more than once.

    Attributes:
        server: Where PostgreSQL databases are created; None when there are none to create.
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
        """A new database without rows to which `history` was applied; it is never shorter than the last time.

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
