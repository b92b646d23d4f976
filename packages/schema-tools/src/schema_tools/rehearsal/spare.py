"""The databases of a rehearsal, and the spare that replaces one that a revision left in a wrong state."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from alembic.script import Script
from sqlalchemy import URL

from schema_tools.rehearsal.baseline import begin_with
from schema_tools.rehearsal.scratch import Places
from schema_tools.rehearsal.steps import Revisions, StepFailed, Walker


@dataclass
class Databases:
    """The databases of a rehearsal, on one kind of database; a context manager that drops them.

    After a revision that failed, or was not restored by its downgrade, the next ones cannot be judged in the same
    database. A copy of the spare replaces it, to which the revisions were applied without rows. The spare is upgraded
    only when it is needed, so no step of a long history is run there more than once.

    Attributes:
        base: The revisions that are applied beforehand, and not rehearsed: the beginning of the history.
        head: A database that all revisions were applied to; None before there is one.
        passed_over: The revisions that cannot be applied.
        failures: Why not, of those that are not rehearsed.
    """

    revisions: Revisions
    dialect: str
    places: Places
    base: Sequence[Script] = ()
    head: URL | None = None
    _made: list[Walker] = field(default_factory=list)
    _spare: Walker | None = None
    _reached: int = 0
    passed_over: set[str] = field(default_factory=set)
    failures: list[StepFailed] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for walker in list(self._made):
            self.drop(walker)

    def empty(self) -> Walker:
        """A new database, with nothing in it but the baseline."""
        made = self._made_from(None)
        project = self.revisions.project
        begin_with(project.baseline, self.revisions.script, project.environment, made.url)
        return made

    def start(self) -> Walker:
        """A new database without rows to which the `base` was applied."""
        walker = self.empty()
        if self.base and not walker.leap(self.base):
            self.drop(walker)
            walker = self.empty()
            for script in self.base:
                self._step(walker, script)
        return walker

    def at(self, history: list[Script]) -> Walker:
        """A new database without rows to which `history` was applied; it is never shorter than the last time.

        It begins with the `base`.

        Raises:
            StepFailed: The last revision of `history` fails without rows, too.
        """
        if self._spare is None:
            self._spare, self._reached = self.start(), len(self.base)
        while self._reached < len(history):
            script = history[self._reached]
            if script is history[-1] and script.revision not in self.passed_over:
                self._spare.step(script, up=True)
            else:
                self._step(self._spare, script)
            self._reached += 1
        self._spare.close()
        return self._made_from(self._spare.url)

    def _step(self, walker: Walker, script: Script) -> None:
        """Apply a revision that is not the one in question, or pass it over: those after it are to be tried."""
        if script.revision not in self.passed_over:
            try:
                walker.step(script, up=True)
            except StepFailed as error:
                self.passed_over.add(script.revision)
                self.failures.append(error)
            else:
                return
        walker.pass_over(script)

    def drop(self, walker: Walker) -> None:
        """Drop a database."""
        walker.close()
        self._made.remove(walker)
        self.places.drop(walker.url)

    def _made_from(self, template: URL | None) -> Walker:
        walker = Walker(self.revisions, self.places.create(self.dialect, "rehearsal", template))
        self._made.append(walker)
        return walker
