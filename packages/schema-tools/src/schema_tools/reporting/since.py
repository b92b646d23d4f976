"""`--since`: the revisions that are new after a revision, or since a branch or commit of git."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from alembic.script import Script

from schema_tools.errors import SchemaToolsError
from schema_tools.failures import explained
from schema_tools.migrations.scripts import ancestry, versions_of
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.steps import Revisions
from schema_tools.reporting.git import git, top_level, why_not


def new_since(project: SchemaProject, since: str) -> frozenset[str]:
    """The identifiers of the revisions that are new since then.

    Args:
        project: The migrations.
        since: A revision, or its beginning: new are those that a database at that revision has not had. Or else what
            git calls a commit: new are those whose files were added or changed since its history and HEAD parted, also
            where that is not committed yet.

    Raises:
        SchemaToolsError: It is neither a revision nor known to git, or the beginning of several revisions, or this is
            no checkout of git.
    """
    revisions = Revisions(project)
    history = revisions.in_order()
    names = [one.revision for one in history]
    # A whole identifier may be the beginning of another one.
    found = [since] if since in names else [name for name in names if since and name.startswith(since)]
    if len(found) > 1:
        raise SchemaToolsError(f"--since {since} is the beginning of several revisions: {', '.join(found)}")
    if found:
        with explained(None):
            return frozenset(names) - ancestry(revisions.script, (found[0],))
    directory = versions_of(revisions.script).lock.parent
    return frozenset(_in_files(history, _changed_files(project, directory, since)))


def _in_files(history: Sequence[Script], files: set[Path]) -> Iterator[str]:
    for one in history:
        if Path(one.path).resolve() in files:
            yield one.revision


def _changed_files(project: SchemaProject, directory: Path, since: str) -> set[Path]:
    """The files of the checkout that were added or changed since then, those that git does not have yet included."""
    top = top_level(directory)
    if top is None:
        raise SchemaToolsError(
            f"--since {since} is no revision, and {project.alembic_ini.resolve().parent} is in no checkout of git that"
            f" could have such a commit: {why_not(directory)}"
        )
    # What begins with a hyphen would be an option; --end-of-options is known to git from 2.24 on.
    commit = git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{since}^{{commit}}")
    if commit is None:
        raise SchemaToolsError(f"--since {since} is neither a revision nor a branch, tag or commit that git has")
    base = git(top, "merge-base", commit.strip(), "HEAD")
    if base is None:
        raise SchemaToolsError(
            f"--since {since}: git has no commit that it and HEAD have in common;"
            " in a shallow clone, fetch the whole history first"
        )
    changed = git(top, "diff", "--name-only", "--no-renames", "--diff-filter=d", "-z", base.strip())
    new = git(top, "ls-files", "--others", "--exclude-standard", "-z")
    if changed is None or new is None:
        raise SchemaToolsError(f"--since {since}: git cannot compare the files of {top}")
    return {(top / name).resolve() for name in f"{changed}{new}".split("\0") if name}
