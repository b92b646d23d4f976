"""The revision files as they are on disk, read without running them, and the checksums chained over them."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from schema_tools.errors import SchemaToolsError
from schema_tools.versions import Versions


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionFile:
    """A revision file; `content` has line ends of LF, so that a checkout on another system is the same."""

    revision: str
    parents: tuple[str, ...]
    path: Path
    content: bytes

    def checksum(self, parents: Iterable[str]) -> str:
        """SHA-256, in hexadecimal, over the parents' checksums, in the order of the parents, and the content."""
        return sha256(b"".join([*(f"{one}\n".encode() for one in parents), self.content])).hexdigest()


def revision_files(versions: Versions) -> dict[str, RevisionFile]:
    """The revision files by identifier, each after those it follows.

    Raises:
        SchemaToolsError: A file is no Python, does not name its revision in so many words, or two are the same
            revision, or some follow each other in a circle.
    """
    found: dict[str, RevisionFile] = {}
    for path in versions:
        one = _read(path)
        if one.revision in found:
            raise SchemaToolsError(f"{found[one.revision].path.name} and {path.name} are both revision {one.revision}")
        found[one.revision] = one
    order = TopologicalSorter({one.revision: [name for name in one.parents if name in found] for one in found.values()})
    try:
        return {name: found[name] for name in order.static_order()}
    except CycleError as error:
        raise SchemaToolsError(f"revisions follow each other in a circle: {' -> '.join(error.args[1])}") from None


def checksums(files: Mapping[str, RevisionFile], known: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The chained checksum of every revision of `revision_files` that is not among the `known` ones, in their order.

    Raises:
        SchemaToolsError: One follows a revision that is not there.
    """
    chain = dict(known)
    for name, one in files.items():
        if name in known:
            continue
        missing = [parent for parent in one.parents if parent not in chain]
        if missing:
            raise SchemaToolsError(f"{one.path.name} follows revision {missing[0]}, which is not among the migrations")
        chain[name] = one.checksum(chain[parent] for parent in one.parents)
    return {name: checksum for name, checksum in chain.items() if name not in known}


def _read(path: Path) -> RevisionFile:
    content = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        names = _assigned(ast.parse(content))
    except (SyntaxError, ValueError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        raise SchemaToolsError(f"{path.name}{f':{line}' if line else ''} is no Python: {error}") from None
    revision, parents = names.get("revision"), names.get("down_revision", ())
    if not isinstance(revision, str):
        raise SchemaToolsError(f'{path.name} must say which revision it is, as in revision = "0123456789ab"')
    if isinstance(parents, str):
        parents = (parents,)
    return RevisionFile(revision=revision, parents=tuple(parents or ()), path=path, content=content)


def _assigned(module: ast.Module) -> dict[str, Any]:
    """The names at the top of a module that are assigned what Python can tell without running it."""
    found = {}
    for statement in module.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        for name in (one.id for one in targets if isinstance(one, ast.Name)):
            if name in {"revision", "down_revision"}:
                found[name] = ast.literal_eval(statement.value)  # type: ignore[attr-defined]
    return found
