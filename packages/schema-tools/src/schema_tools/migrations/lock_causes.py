"""How a history differs from its lock: each cause once, without its consequences."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from schema_tools.findings import Finding
from schema_tools.migrations.revision_files import RevisionFile
from schema_tools.versions import NAME


class Entry(NamedTuple):
    """A line of the lock: a revision, those it follows, and the checksum over its file and their checksums."""

    revision: str
    parents: tuple[str, ...]
    checksum: str


class Cause(NamedTuple):
    """Why a history is not as its lock has it: what makes the finding about it.

    `again` is the revision to record anew, if no shared database has had it; None when recording fixes nothing.
    """

    rule: str
    place: str
    message: str
    fix: str
    again: str | None = None

    @property
    def finding(self) -> Finding:
        """The cause as `lint` and `check` report it."""
        return Finding(rule=self.rule, place=self.place, message=self.message, fix=self.fix)


def causes(entries: Sequence[Entry], files: Mapping[str, RevisionFile], place: str) -> list[Cause]:
    """What in `files` is not as `entries`, the lines of the lock at `place`, have it."""
    locked = {one.revision: one for one in entries}
    changed = [
        *_deleted(locked, files, place),
        *_inserted(locked, files),
        *_disordered_lines(entries, place),
        *_moved(locked, files),
        *_edited(locked, files),
    ]
    return changed or [*_new(locked, files), *_several_heads(files)]


def shown(path: Path) -> str:
    """A revision file, or the lock file, as findings name it: with the directories of Alembic's that it is in."""
    return str(path.relative_to(path.parents[2 if path.suffix == ".py" else 1]))


def _deleted(locked: Mapping[str, Entry], files: Mapping[str, RevisionFile], place: str) -> Iterator[Cause]:
    for name in locked:
        if name not in files:
            message = f"revision {name} was deleted: {NAME} has it, and there is no file of it"
            fix = f"restore its file as git has it; or, {_unshared(name)}"
            yield Cause("revision-deleted", place, message, fix, name)


def _inserted(locked: Mapping[str, Entry], files: Mapping[str, RevisionFile]) -> Iterator[Cause]:
    """Revisions that the lock does not know, before one that it knows."""
    links = [(name, parent) for name in locked if name in files for parent in files[name].parents]
    for name, parent in links:
        if parent in files and parent not in locked:
            message = f"revision {parent} was inserted before {name}, which {NAME} had already"
            fix = (
                f"restore {files[name].path.name} as git has it, and let {parent} follow the last revision;"
                f" or, if no shared database has had {name}, `lock --again {parent}`"
            )
            yield Cause("revision-inserted", shown(files[parent].path), message, fix, parent)


def _disordered_lines(entries: Sequence[Entry], place: str) -> Iterator[Cause]:
    """The first line that stands before the line of a parent."""
    known = {one.revision for one in entries}
    seen: set[str] = set()
    for number, one in enumerate(entries, start=2):
        for parent in one.parents:
            if parent not in seen:
                what = "stands before" if parent in known else "is there without"
                message = f"the line of revision {one.revision} {what} that of {parent}, which it follows"
                yield Cause("lock-reordered", f"{place}:{number}", message, f"take {NAME} back as git has it")
                return
        seen.add(one.revision)


def _moved(locked: Mapping[str, Entry], files: Mapping[str, RevisionFile]) -> Iterator[Cause]:
    """The first revision whose parents changed, where the lock and the files know all of them."""
    for name, (_, before, _checksum) in locked.items():
        now = files[name].parents if name in files else before
        if now != before and all(parent in locked and parent in files for parent in (*before, *now)):
            message = f"revision {name} was moved: it followed {_named(before)} and now follows {_named(now)}"
            fix = f"restore the file as git has it; or, {_unshared(name)}"
            yield Cause("revision-reordered", shown(files[name].path), message, fix, name)
            return


def _edited(locked: Mapping[str, Entry], files: Mapping[str, RevisionFile]) -> Iterator[Cause]:
    """Revisions whose own file changed, judged by the checksums that the lock has of their parents."""
    for name, (_, parents, checksum) in locked.items():
        if name not in files or files[name].parents != parents or not all(parent in locked for parent in parents):
            continue
        if files[name].checksum(locked[parent].checksum for parent in parents) != checksum:
            message = f"revision {name} was edited after {NAME} recorded it"
            fix = f"restore the file as git has it, and write a new revision; or, {_unshared(name)}"
            yield Cause("revision-edited", shown(files[name].path), message, fix, name)


def _new(locked: Mapping[str, Entry], files: Mapping[str, RevisionFile]) -> Iterator[Cause]:
    for name, one in files.items():
        lost = [parent for parent in one.parents if parent not in files]
        if lost:
            message = f"revision {name} follows {lost[0]}, which is not among the migrations"
            fix = "make the last revision its down_revision"
            yield Cause("revision-without-parent", shown(one.path), message, fix)
        elif name not in locked:
            message = f"revision {name} is new, and {NAME} does not have it yet"
            yield Cause("revision-not-locked", shown(one.path), message, "record it with the command `lock`", name)


def _several_heads(files: Mapping[str, RevisionFile]) -> Iterator[Cause]:
    followed = {parent for one in files.values() for parent in one.parents}
    heads = [name for name in files if name not in followed]
    if len(heads) > 1 and followed.issubset(files):
        *_, before, last = heads
        message = f"the history has {len(heads)} ends, {' and '.join(heads)}, so that none is the newest revision"
        fix = (
            f"let one follow the other: make {before} the down_revision of {last}, then `lock --again {last}`;"
            " or, where databases have both, join them with `alembic merge heads`"
        )
        yield Cause("several-heads", shown(files[last].path), message, fix, last)


def _unshared(name: str) -> str:
    return f"if no shared database has had it, `lock --again {name}`"


def _named(parents: tuple[str, ...]) -> str:
    return " and ".join(parents) or "nothing"
