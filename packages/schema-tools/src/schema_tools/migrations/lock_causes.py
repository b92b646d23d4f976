"""What is wrong with a history, judged by its lock: each cause once, and not what follows from it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self

from schema_tools.findings import Finding
from schema_tools.migrations.revision_files import RevisionFile

NAME: Final = "versions.lock"


class Entry(NamedTuple):
    """A line of the lock: a revision, those it follows, and the checksum over its file and their checksums."""

    revision: str
    parents: tuple[str, ...]
    checksum: str


class Cause(NamedTuple):
    """Why a history is not as its lock has it.

    `again` is the revision to record anew, if no shared database has had it; None when recording fixes nothing.
    """

    finding: Finding
    again: str | None = None

    @classmethod
    def of(cls, again: str | None = None, **finding: str) -> Self:
        """A cause with the finding that has these attributes."""
        return cls(Finding(**finding), again)


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
            yield Cause.of(
                name,
                rule="revision-deleted",
                place=place,
                message=f"revision {name} was deleted: {NAME} has it, and there is no file of it",
                fix=f"restore its file as git has it; or, if no shared database has had it, `lock --again {name}`",
            )


def _inserted(locked: Mapping[str, Entry], files: Mapping[str, RevisionFile]) -> Iterator[Cause]:
    """Revisions that the lock does not know, before one that it knows."""
    links = [(name, parent) for name in locked if name in files for parent in files[name].parents]
    for name, parent in links:
        if parent in files and parent not in locked:
            yield Cause.of(
                parent,
                rule="revision-inserted",
                place=shown(files[parent].path),
                message=f"revision {parent} was inserted before {name}, which {NAME} had already",
                fix=f"restore {files[name].path.name} as git has it, and let {parent} follow the last revision;"
                f" or, if no shared database has had {name}, `lock --again {parent}`",
            )


def _disordered_lines(entries: Sequence[Entry], place: str) -> Iterator[Cause]:
    """The first line that stands before the line of a parent."""
    known = {one.revision for one in entries}
    seen: set[str] = set()
    for number, one in enumerate(entries, start=2):
        for parent in one.parents:
            if parent not in seen:
                what = "stands before" if parent in known else "is there without"
                yield Cause.of(
                    rule="lock-reordered",
                    place=f"{place}:{number}",
                    message=f"the line of revision {one.revision} {what} that of {parent}, which it follows",
                    fix=f"take {NAME} back as git has it",
                )
                return
        seen.add(one.revision)


def _moved(locked: Mapping[str, Entry], files: Mapping[str, RevisionFile]) -> Iterator[Cause]:
    """The first revision that follows others than it did, all of which are known."""
    for name, one in locked.items():
        if name not in files or files[name].parents == one.parents:
            continue
        if all(parent in locked and parent in files for parent in (*one.parents, *files[name].parents)):
            yield Cause.of(
                name,
                rule="revision-reordered",
                place=shown(files[name].path),
                message=f"revision {name} was moved: it followed {_named(one.parents)} and now follows"
                f" {_named(files[name].parents)}",
                fix=f"restore the file as git has it; or, if no shared database has had it, `lock --again {name}`",
            )
            return


def _edited(locked: Mapping[str, Entry], files: Mapping[str, RevisionFile]) -> Iterator[Cause]:
    """Revisions whose own file changed: judged by their parents' checksums in the lock, whatever those are now."""
    for name, one in locked.items():
        if name not in files or files[name].parents != one.parents or not all(name in locked for name in one.parents):
            continue
        if files[name].checksum(locked[parent].checksum for parent in one.parents) != one.checksum:
            yield Cause.of(
                name,
                rule="revision-edited",
                place=shown(files[name].path),
                message=f"revision {name} was edited after {NAME} recorded it",
                fix="restore the file as git has it, and write a new revision; or, if no shared database has had it,"
                f" `lock --again {name}`",
            )


def _new(locked: Mapping[str, Entry], files: Mapping[str, RevisionFile]) -> Iterator[Cause]:
    for name, one in files.items():
        lost = [parent for parent in one.parents if parent not in files]
        if lost:
            yield Cause.of(
                rule="revision-without-parent",
                place=shown(one.path),
                message=f"revision {name} follows {lost[0]}, which is not among the migrations",
                fix="make the last revision its down_revision",
            )
        elif name not in locked:
            yield Cause.of(
                name,
                rule="revision-not-locked",
                place=shown(one.path),
                message=f"revision {name} is new, and {NAME} does not have it yet",
                fix="record it with the command `lock`",
            )


def _several_heads(files: Mapping[str, RevisionFile]) -> Iterator[Cause]:
    followed = {parent for one in files.values() for parent in one.parents}
    heads = [name for name in files if name not in followed]
    if len(heads) > 1 and followed.issubset(files):
        *_, before, last = heads
        yield Cause.of(
            last,
            rule="several-heads",
            place=shown(files[last].path),
            message=f"the history has {len(heads)} ends, {' and '.join(heads)}, so that none is the newest revision",
            fix=f"let one follow the other: make {before} the down_revision of {last}, then `lock --again {last}`",
        )


def _named(parents: tuple[str, ...]) -> str:
    return " and ".join(parents) or "nothing"
