"""Compiling a revision's `upgrade()` to PostgreSQL's SQL without a database, and where each statement comes from."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from traceback import walk_stack, walk_tb
from typing import Any, NamedTuple, NoReturn

from alembic.ddl.postgresql import PostgresqlImpl
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import MetaData, literal, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.exc import CompileError, NoInspectionAvailable
from sqlalchemy.types import NullType

from schema_tools.errors import SchemaToolsError
from schema_tools.foreign_connections import ForeignConnection, only
from schema_tools.migrations.flask_application import application_at_work


class Captured(NamedTuple):
    """What one operation emits.

    `lines` of the revision's file led to it, the innermost first. `transaction` is its number within the revision, or
    None in an autocommit block.
    """

    sql: str
    lines: tuple[int, ...]
    transaction: int | None


@dataclass(slots=True)
class Compilation:
    """What a revision emits, in order, up to where it had to stop.

    Attributes:
        emitted: The statements.
        needs_database: The lines where it asked a database, the innermost first; None if it asked none.
        failure: The error that it raised; empty if it raised none.
        failed_at: The lines that raised it.
    """

    emitted: list[Captured] = field(default_factory=list)
    needs_database: tuple[int, ...] | None = None
    failure: str = ""
    failed_at: tuple[int, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether it came to its end."""
        return self.needs_database is None and not self.failure


class _NeedsDatabase(BaseException):
    """A revision asks the database something. No `except Exception` of the revision holds this up."""


def compile_revision(script: Script, directory: ScriptDirectory, config: Any, metadata: MetaData) -> Compilation:
    """What `upgrade()` of a revision emits on PostgreSQL.

    Branches for another dialect are not taken, since `op.get_context().dialect` is PostgreSQL's.
    """
    upgrade = getattr(script.module, "upgrade", None)
    if upgrade is None:
        return Compilation()
    with EnvironmentContext(config, directory) as environment, application_at_work(Path(directory.env_py_location)):
        return compile_function(upgrade, str(script.module.__file__), metadata, environment)


def compile_function(
    upgrade: Callable[[], object], file: str, metadata: MetaData, environment: EnvironmentContext | None = None
) -> Compilation:
    """What `upgrade`, a function of `file`, emits on PostgreSQL, and what `alembic.context` is in the meantime."""
    recording = _Recording(file, metadata)
    result = recording.result
    if environment is not None:
        # Alembic sets it for `env.py` only, which does not run here.
        environment._migration_context = recording.context  # noqa: SLF001 -- see above
    try:
        with only(None, Path(file).parent), Operations.context(recording.context) as operations:
            # On this instance alone; Alembic has no event for the beginning of a batch.
            operations.batch_alter_table = _at_once(operations.batch_alter_table, recording)  # type: ignore[method-assign]
            upgrade()
    except _NeedsDatabase:
        pass  # The recording has noted where.
    except ForeignConnection as error:
        result.needs_database = _lines_of(error.__cause__ or error, file)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the other revisions are judged
        offline = isinstance(error, CommandError) and "--sql mode" in str(error)
        if offline or isinstance(error, CompileError | NoInspectionAvailable):
            # A value without a literal, or a look at the tables.
            result.needs_database = _lines_of(error, file)
        else:
            # The guard turns the end of the program into an error of ours, which says so.
            ours = isinstance(error, SchemaToolsError)
            result.failure = " ".join((str(error) if ours else f"{type(error).__name__}: {error}").split())
            result.failed_at = _lines_of(error.__context__ or error if ours else error, file)
    return result


class _Compiler(postgresql.dialect.statement_compiler):  # type: ignore[name-defined, misc]
    """Writes the value of a column without a type, such as `sa.column("name")`, as its own type has it."""

    def render_literal_value(self, value: Any, type_: Any) -> str:
        known = literal(value).type if isinstance(type_, NullType) else type_
        return str(super().render_literal_value(value, known))


class _Recording(PostgresqlImpl):
    """Alembic's way of writing for PostgreSQL, which notes each statement, from where, in which transaction."""

    def __init__(self, file: str, metadata: MetaData) -> None:
        # Of its own, because its compiler is replaced. Named parameters, or every % of a text would come out doubled.
        dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # of SQLAlchemy
        dialect.statement_compiler = _Compiler
        options: dict[str, Any] = {"as_sql": True, "literal_binds": True, "target_metadata": metadata}
        super().__init__(dialect, None, True, None, None, options)  # noqa: FBT003 -- Alembic's signature
        self.file, self.result = file, Compilation()
        self.transactions, self.in_transaction = 0, True
        self.context = MigrationContext.configure(dialect=dialect, opts=options)
        self.context.impl = self
        connection: Any = _NoDatabase(dialect, self)
        self.context.connection = self.connection = connection

    def static_output(self, text: str) -> None:
        transaction = self.transactions if self.in_transaction else None
        self.result.emitted.append(Captured(text, self.lines(), transaction))

    def emit_commit(self) -> None:
        """An autocommit block begins."""
        self.in_transaction = False

    def emit_begin(self) -> None:
        """An autocommit block ends."""
        self.transactions += 1
        self.in_transaction = True

    def lines(self) -> tuple[int, ...]:
        """The lines of the file that are being executed now, the innermost first."""
        return tuple(line for frame, line in walk_stack(None) if frame.f_code.co_filename == self.file)


class _Unanswered:
    """A value that only a database could give: a revision that uses it cannot be read without one."""

    def __init__(self, recording: _Recording) -> None:
        self._recording = recording

    def __getattr__(self, name: str) -> Any:
        # Alembic asks whether there is a transaction, and takes a connection that cannot tell for none.
        if name.startswith("__") or name == "in_transaction":
            raise AttributeError(name)
        self._ask()

    def __iter__(self) -> Iterator[Any]:
        self._ask()

    def _ask(self) -> NoReturn:
        self._recording.result.needs_database = self._recording.lines()
        raise _NeedsDatabase


class _NoDatabase(_Unanswered, MockConnection):
    """What `op.get_bind()` gives: it takes statements whose result is not read, and answers no question."""

    def __init__(self, dialect: Any, recording: _Recording) -> None:
        super().__init__(recording)
        MockConnection.__init__(self, dialect, lambda construct, *_args, **_kw: recording.execute(construct))

    def execute(self, obj: Any, parameters: Any = None, execution_options: Any = None) -> Any:
        if parameters:
            self._ask()
        super().execute(obj, parameters, execution_options)
        return _Unanswered(self._recording)

    def exec_driver_sql(self, statement: str, parameters: Any = None) -> Any:
        return self.execute(text(statement.replace("\\", "\\\\").replace(":", "\\:")), parameters)


def _at_once(batch_alter_table: Callable[..., Any], recording: _Recording) -> Callable[..., Any]:
    """`op.batch_alter_table`, whose operations are recorded on their own lines, and not where their batch ends."""

    @contextmanager
    def recorded(*args: Any, **kw: Any) -> Iterator[Any]:
        with batch_alter_table(*args, **kw) as batch:
            if batch.impl.recreate != "always":
                batch.impl.batch = _Batch(recording)
            yield batch

    return recorded


class _Batch(list[Any]):
    """The operations of a batch, of which none is left for its end."""

    def __init__(self, recording: _Recording) -> None:
        super().__init__()
        self.recording = recording

    def append(self, operation: Any) -> None:
        name, arguments, options = operation
        getattr(self.recording, name)(*arguments, **options)


def _lines_of(error: BaseException, file: str) -> tuple[int, ...]:
    trace = reversed(list(walk_tb(error.__traceback__)))
    return tuple(line for frame, line in trace if frame.f_code.co_filename == file)
