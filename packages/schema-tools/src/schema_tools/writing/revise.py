"""Writing a new revision: the difference between the mapping and the head of the migrations, as code."""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from alembic.autogenerate import render_python_code
from alembic.operations import ops
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError, rev_id
from sqlalchemy.exc import DBAPIError

from schema_tools.catalog.objects import Difference
from schema_tools.document.markdown import write_document
from schema_tools.errors import SchemaToolsError
from schema_tools.failures import explained
from schema_tools.migrations import runner
from schema_tools.migrations.lock_file import refuse_changed_files, write_lock
from schema_tools.migrations.scripts import script_directory, versions_of
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.comparison import in_lines, needed_migrations, schema_differences
from schema_tools.rehearsal.example_rows import insert_example_rows
from schema_tools.rehearsal.scratch import ScratchPair, scratch_pairs
from schema_tools.writing.operations import CodeChange, arranged, for_databases, on_postgresql, split_comments
from schema_tools.writing.portable import PortableRendering, make_portable
from schema_tools.writing.remaining import Remaining, remaining

_MAX_MESSAGE_LENGTH: Final = 80
_MESSAGE: Final = re.compile(r"[^\x00-\x1f\"\\\\]+")


class NothingToMigrate(SchemaToolsError):
    """The migrations and the mapping describe the same schema already."""


def migrate(project: SchemaProject, message: str, server: RunningPostgres | None = None) -> Path:
    """Write the revision that leads from the head of the migrations to the mapping, and the lock.

    The schema document is written, too, where the project has one. The head is built on a throwaway PostgreSQL server
    and in a scratch SQLite file, never looked for in a database in use. The new revision is then run up, down and up
    on both, with example rows in the tables.

    Args:
        project: The mapping, the migrations and the document.
        message: What the revision does, in a few words.
        server: The PostgreSQL server to use; a throwaway one is started when it is None.

    Returns:
        The file of the revision.

    Raises:
        NothingToMigrate: There is no difference.
        SchemaToolsError: The message cannot be used, the history changed, a revision fails (the new one is left to be
            fixed, and is not in the lock), or no PostgreSQL can be had.
    """
    message, script = _prepared(project, message)
    with scratch_pairs(project, server) as pairs:
        if not in_lines(schema_differences(pairs, project)):
            raise NothingToMigrate("there is nothing to migrate: the migrations make what the mapping says")
        written = _write(project, script, message, pairs)
        try:
            _rehearse(project, pairs)
        except SchemaToolsError as error:
            raise SchemaToolsError(
                f"{written.name} was written, but needs fixing: {error}; then record it with `lock`"
            ) from error
    write_lock(project)
    if project.document is not None and project.document.is_kept:
        write_document(project)
    return written


def migrate_empty(project: SchemaProject, message: str) -> Path:
    """Write a revision that does nothing yet, to be filled by hand, and the schema document, if there is one.

    It is for what no comparison finds: data to be moved, an index to be built concurrently. It is not in the lock
    before `write_lock` is called, when it is filled.

    Returns:
        The file of the revision.

    Raises:
        SchemaToolsError: The message cannot be used, or the history changed.
    """
    message, script = _prepared(project, message)
    written = _generated(script, message)
    if project.document is not None and project.document.is_kept:
        write_document(project)
    return written


def _prepared(project: SchemaProject, message: str) -> tuple[str, ScriptDirectory]:
    """The message as it is written, and the revisions, as their lock has them."""
    message = " ".join(message.split()).rstrip(".")
    if not message:
        raise SchemaToolsError('a revision needs a message that says what it does, such as "add isbn to books"')
    if len(message) > _MAX_MESSAGE_LENGTH or not _MESSAGE.fullmatch(message):
        raise SchemaToolsError(
            f"the message must be one line of at most {_MAX_MESSAGE_LENGTH} characters,"
            " without quotation marks and backslashes"
        )
    script = script_directory(project)
    refuse_changed_files(versions_of(script), unrecorded=False)
    heads = script.get_heads()
    if len(heads) > 1:
        raise SchemaToolsError(
            f"the migrations have several heads, {', '.join(heads)}: join them first, as `alembic merge heads` does"
        )
    return message, script


def _write(project: SchemaProject, script: ScriptDirectory, message: str, pairs: Mapping[str, ScratchPair]) -> Path:
    needed = needed_migrations(pairs["postgresql"], project)
    changes = [CodeChange(name, *pair.code()) for name, pair in pairs.items()]
    assert needed.upgrade_ops is not None and needed.downgrade_ops is not None  # noqa: S101, PT018
    if "sqlite" in pairs:
        with pairs["sqlite"].head.engine().connect() as sqlite_head:
            make_portable(needed.downgrade_ops, sqlite_head)
    try:
        rest = remaining(pairs["postgresql"], needed)
    except DBAPIError as error:
        raise SchemaToolsError(
            "this revision must be written by hand, with `migrate --empty`, because PostgreSQL refuses what would be"
            f" generated: {' '.join(str(error.orig).split())}"
        ) from error
    if not needed.upgrade_ops.ops and not any(change.any_differs for change in changes) and not rest.up[1]:
        raise SchemaToolsError(
            "this revision must be written by hand, with `migrate --empty`, because what differs cannot be generated: "
            + _with_fixes(schema_differences(pairs, project))
        )
    rendering = PortableRendering(project.databases)
    upgrades = _rendered(needed.upgrade_ops, changes, rendering, rest, up=True)
    imports = set(rendering.imports)
    downgrades = _rendered(needed.downgrade_ops, changes, rendering, rest, up=False)
    lines = "\n".join(sorted(imports | rendering.imports))
    constants = {name: text for change in changes for name, text in change.constants.items()}
    return _generated(script, message, upgrades=upgrades, downgrades=downgrades, imports=lines, statements=constants)


def _generated(script: ScriptDirectory, message: str, **content: Any) -> Path:
    """Write a file from the project's template."""
    try:
        written = script.generate_revision(rev_id(), message, **content)
    except CommandError as error:
        raise SchemaToolsError(str(error)) from error
    except OSError as error:
        raise SchemaToolsError(f"the revision cannot be written: {error}") from error
    assert isinstance(written, Script)  # noqa: S101 -- None only for a file that is no revision
    # Lay the file out as the project's formatter does, where it is installed.
    for command in (["check", "--quiet", "--select", "I", "--fix"], ["format", "--quiet"]) if find_spec("ruff") else ():
        subprocess.run([sys.executable, "-m", "ruff", *command, written.path], check=False)  # noqa: S603
    return Path(written.path)


def _rendered(
    container: ops.UpgradeOps | ops.DowngradeOps,
    changes: list[CodeChange],
    rendering: PortableRendering,
    rest: Remaining,
    *,
    up: bool,
) -> str:
    split_comments(container)
    around = [change.around(container, up=up) for change in changes]
    first = [one for before, _ in around for one in before]
    last = [one for _, after in around for one in after]
    before, after = rest.up if up else rest.down
    operations = [*first, *on_postgresql(before), *arranged(container), *on_postgresql(after), *last]
    container.ops = list(for_databases(operations, rendering.databases))
    code = render_python_code(container, render_as_batch=True, render_item=rendering)
    # Without Alembic's remark that it wrote this; the author reads a revision before committing it.
    return "\n".join(line for line in code.splitlines() if line.strip() and "# ###" not in line).strip()


def _rehearse(project: SchemaProject, pairs: Mapping[str, ScratchPair]) -> None:
    """Run the new revision up, down and up over example rows, and see that nothing differs any more."""
    for pair in pairs.values():
        with explained(pair.head.url), pair.head.engine().begin() as connection:
            insert_example_rows(connection, project.metadata)
        for step in (runner.upgrade, runner.downgrade, runner.upgrade):
            step(project, pair.head.url, locked=False)
    left = schema_differences(pairs, project)
    if in_lines(left):
        raise SchemaToolsError(f"it does not lead to the mapping: {_with_fixes(left)}")


def _with_fixes(found: Mapping[str, Sequence[Difference]]) -> str:
    """Each difference, with the statements that fix it."""
    sentences = in_lines(found)
    fixes = [" ".join(one.fix.split()) for differences in found.values() for one in differences]
    pairs = zip(sentences, fixes, strict=True)
    return "; ".join(f"{sentence} (fixed by {fix})" if fix else sentence for sentence, fix in pairs)
