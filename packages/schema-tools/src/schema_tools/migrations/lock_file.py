"""`versions.lock`, beside the directory of the revisions: a checksum of each, so that a changed history is noticed.

One line for each revision, in the order of the history: its identifier, its parents, and a checksum over its file and
its parents' checksums. A new revision is a new last line, so that two branches that both add one conflict in git.
"""

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding
from schema_tools.migrations.lock_causes import Cause, Entry, causes, shown
from schema_tools.migrations.revision_files import RevisionFile, checksums, revision_files
from schema_tools.migrations.scripts import script_directory, versions_of
from schema_tools.project import SchemaProject
from schema_tools.versions import NAME, Versions

HEADER: Final = "# The migrations: revision, parents, chained checksum. Written by `migrate` and `lock`; never edit it."

_LINE: Final = re.compile(r"(?P<revision>\S+) (?P<parents>\S+) (?P<checksum>[0-9a-f]{64})")
_NO_PARENTS: Final = "-"
# What `lock` records without being told which revision it is about.
_NEW: Final = frozenset({"lock-missing", "revision-not-locked", "several-heads"})


class _Malformed(Exception):
    """The number of a line, and what is wrong with it."""


def lock_path(project: SchemaProject) -> Path:
    """Where `versions.lock` is, or would be.

    Raises:
        SchemaToolsError: The migrations cannot be found.
    """
    return versions_of(script_directory(project)).lock


def check_lock(project: SchemaProject) -> list[Finding]:
    """How the history differs from `versions.lock`; nothing when there is no revision at all.

    Only causes are reported: an edited revision changes the checksum of every later one, and those are left out.

    Raises:
        SchemaToolsError: The revision files cannot be read.
    """
    versions = versions_of(script_directory(project))
    return [one.finding for one in _causes(versions, revision_files(versions))]


def write_lock(project: SchemaProject, again: Collection[str] = ()) -> list[str]:
    """Record the revisions that `versions.lock` does not know.

    Args:
        project: The migrations.
        again: Revisions that it knows differently and that no shared database has had: they are recorded anew, or
            forgotten if their file is gone, and so are those after them.

    Returns:
        The revisions that were recorded, in order.

    Raises:
        SchemaToolsError: The lock knows a revision differently that is not in `again`, or cannot be read, or `again`
            names one that is neither among the migrations nor in the lock. Nothing was written.
    """
    versions = versions_of(script_directory(project))
    path = versions.lock
    files = revision_files(versions)
    found = _causes(versions, files)
    unreadable = any(one.rule == "lock-malformed" for one in found)
    entries = [] if unreadable or not path.exists() else _read(path)
    redone = _with_those_after(again, [*entries, *files.values()])
    for one in found:
        if one.rule not in _NEW and one.again not in redone:
            raise SchemaToolsError(f"{one.place}: {one.message}; {one.fix}")
    known = {*files, *(one.revision for one in entries)}
    unknown = [name for name in again if name not in known]
    if unknown:
        raise SchemaToolsError(f"revision {unknown[0]} is neither among the migrations nor in {NAME}")
    kept = [one for one in entries if one.revision not in redone]
    chain = checksums(files, {one.revision: one.checksum for one in kept})
    recorded = [Entry(name, files[name].parents, checksum) for name, checksum in chain.items()]
    lines = (f"{name} {','.join(parents) or _NO_PARENTS} {checksum}" for name, parents, checksum in (*kept, *recorded))
    try:
        path.write_text("".join(f"{line}\n" for line in (HEADER, *lines)), "utf-8", newline="\n")
    except OSError as error:
        raise SchemaToolsError(f"{path} cannot be written: {error.strerror}") from error
    return [one.revision for one in recorded]


def refuse_changed_files(versions: Versions, *, unrecorded: bool) -> None:
    """Check that the revisions are as the lock has them.

    Args:
        versions: Where the revisions are.
        unrecorded: Whether to refuse revisions that the lock does not have yet, too.

    Raises:
        SchemaToolsError: They are not; the message names the first that changed, and what to do.
    """
    for one in _causes(versions, revision_files(versions)):
        if unrecorded or one.rule not in _NEW:
            raise SchemaToolsError(f"nothing was run: {one.place}: {one.message}; {one.fix}")


def _causes(versions: Versions, files: dict[str, RevisionFile]) -> list[Cause]:
    path = versions.lock
    try:
        entries = _read(path)
    except FileNotFoundError:
        message = f"there is no {NAME}, without which a changed revision goes unnoticed"
        missing = Cause("lock-missing", shown(path), message, "make it with the command `lock`, and commit it")
        return [missing] if files else []
    except _Malformed as error:
        number, what = error.args
        fix = "take it back as git has it; after a merge keep the lines of both sides"
        return [Cause("lock-malformed", f"{shown(path)}:{number}", f"{NAME} cannot be read: {what}", fix)]
    return causes(entries, files, shown(path))


def _read(path: Path) -> list[Entry]:
    """The lines of a lock file.

    Raises:
        FileNotFoundError: There is none.
        _Malformed: It is not one.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        raise _Malformed(1, "it is no text") from None
    if not lines or not lines[0].startswith("# "):
        raise _Malformed(1, "it does not begin with the comment that says what it is")
    found: dict[str, Entry] = {}
    for number, line in enumerate(lines[1:], start=2):
        match = _LINE.fullmatch(line)
        if match is None:
            conflict = line.startswith(("<<<<<<<", "|||||||", "=======", ">>>>>>>"))
            what = "a merge left a conflict in it" if conflict else "a line is a revision, its parents and a checksum"
            raise _Malformed(number, what)
        parents = () if match["parents"] == _NO_PARENTS else tuple(match["parents"].split(","))
        if match["revision"] in found:
            raise _Malformed(number, f"revision {match['revision']} is in it twice")
        found[match["revision"]] = Entry(match["revision"], parents, match["checksum"])
    return list(found.values())


def _with_those_after(names: Collection[str], known: Iterable[Entry | RevisionFile]) -> set[str]:
    """`names` and every revision that follows one of them, in the lock or in the files."""
    result = set(names)
    links = [(one.revision, one.parents) for one in known]
    while more := {name for name, parents in links if name not in result and result.intersection(parents)}:
        result |= more
    return result
