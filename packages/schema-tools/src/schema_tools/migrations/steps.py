"""A run of migrations, step by step: progress events, records, and what a failure left behind."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from alembic.runtime.migration import MigrationContext, MigrationInfo, RevisionStep
from alembic.script import Script
from sqlalchemy import Connection, event

from schema_tools.migrations.blockers import refuse_without_guard
from schema_tools.migrations.concurrent_builds import index_left
from schema_tools.migrations.log import TABLE, Direction, record
from schema_tools.migrations.revision_files import checksums, revision_files
from schema_tools.migrations.scripts import Revision, described
from schema_tools.versions import Versions


class Stage(StrEnum):
    """The stages of a step."""

    BEGINS = "begins"
    WAITS = "waits"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """An event of a run: `took` is for a step that is done, `reason`, in one sentence, for one that waits."""

    stage: Stage
    revision: Revision
    is_upgrade: bool
    took: timedelta = timedelta()
    reason: str = ""


class Steps:
    """Follows one run of migrations on one connection.

    Attributes:
        done: The completed revisions, in order.
        current: The revision that is running, or failed; None between two, and before the first.
        downgrading: Whether that is taken back.
    """

    def __init__(
        self, versions: Versions, progress: Callable[[Progress], None] | None = None, table: str = TABLE
    ) -> None:
        self.done: list[Revision] = []
        self.current: Revision | None = None
        self.downgrading = False
        self._versions = versions
        self._progress = progress
        self._table = table
        self._chain: dict[str, str] | None = None
        self._connection: Connection | None = None
        self._info: Mapping[Any, Any] = {}
        self._began = 0.0
        self._ran = False
        self._committed = False

    def follow(self, context: MigrationContext) -> None:
        """Follow the run of `context`, which is about to begin. The same run may be followed again after a failure."""
        connection = context.connection
        assert connection is not None  # noqa: S101 -- None is for offline runs only
        if connection is not self._connection:
            event.listen(connection, "commit", self._note_commit)
        self._connection = connection
        self._info = connection.info  # Readable when the connection is closed.
        self.current = None
        run: Any = context._migrations_fn  # noqa: SLF001 -- Alembic tells when a step ends, and not when one begins
        context._migrations_fn = lambda heads, inner: self._followed(run(heads, inner))  # noqa: SLF001

    def follows(self, connection: Connection) -> bool:
        """Whether `follow` was called for a run on `connection`."""
        return self._connection is connection

    def record(self, ctx: MigrationContext, step: MigrationInfo, *_args: object, **_kw: object) -> None:
        """Record a step at its end, in its transaction: Alembic's `on_version_apply`."""
        self._ran = True
        if self._chain is None:
            self._chain = checksums(revision_files(self._versions))
        connection = ctx.connection
        assert connection is not None  # noqa: S101 -- None is for offline runs only
        took = timedelta(seconds=time.monotonic() - self._began)
        if step.is_stamp:
            for name in step.destination_revision_ids or ("base",):
                record(connection, name, Direction.STAMP, self._chain.get(name, ""), timedelta(), table=self._table)
        elif step.up_revision_id is not None:
            direction = Direction.UPGRADE if step.is_upgrade else Direction.DOWNGRADE
            record(
                connection, step.up_revision_id, direction, self._chain[step.up_revision_id], took, table=self._table
            )

    def tell_waiting(self, reason: str) -> None:
        """Report that the current step is going to be tried again."""
        self._tell(Stage.WAITS, reason=reason)

    @property
    def rolled_back(self) -> bool:
        """Whether nothing is left of the step that failed."""
        return not self._committed

    def aftermath(self) -> str:
        """What the failed step left behind, to follow `failed and`."""
        if not self._committed:
            return "left the schema as it was"
        left = "left what it had done by then, because it works outside a transaction"
        if index := index_left(self._info):
            left += f": index {index} may be there and INVALID, and the next run drops it before it builds it again"
        return left

    def _followed(self, steps: Iterable[Any]) -> Iterator[Any]:
        for step in steps:
            script = step.revision if isinstance(step, RevisionStep) else None
            refuse_without_guard(self._info)
            self._began, self._ran, self._committed = time.monotonic(), False, False
            if isinstance(script, Script):
                self.downgrading = step.is_downgrade
                self.current = described(script, applied=step.is_upgrade)
                self._tell(Stage.BEGINS)
            yield step
            if self.current is not None:
                self.done.append(self.current)
                self._tell(Stage.DONE, took=timedelta(seconds=time.monotonic() - self._began))
            self.current = None

    def _tell(self, stage: Stage, *, took: timedelta = timedelta(), reason: str = "") -> None:
        if self._progress is not None and self.current is not None:
            self._progress(
                Progress(stage=stage, revision=self.current, is_upgrade=not self.downgrading, took=took, reason=reason)
            )

    def _note_commit(self, _connection: Connection) -> None:
        # The commit after `record` is the step's own end.
        if not self._ran:
            self._committed = True
