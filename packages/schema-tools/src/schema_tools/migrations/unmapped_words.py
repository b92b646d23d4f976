"""Whether revisions may make what no mapping can tell, by their text: they are not run for it."""

import ast
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

# Operations of Alembic on what a mapping can tell. `execute` has a text, which is searched.
_OF_TABLES: Final = frozenset({
    "add_column", "alter_column", "batch_alter_table", "bulk_insert", "create_check_constraint",
    "create_exclude_constraint", "create_foreign_key", "create_index", "create_primary_key", "create_table",
    "create_table_comment", "create_unique_constraint", "drop_column", "drop_constraint", "drop_index", "drop_table",
    "drop_table_comment", "execute", "f", "get_bind", "get_context", "inline_literal", "rename_table",
})  # fmt: skip
_READING: Final = frozenset({"__import__", "exec", "import_module", "open", "read", "read_bytes", "read_text"})
_KNOWN_MODULES: Final = frozenset({"alembic", "sqlalchemy", *sys.stdlib_module_names})
# How SQL calls what is not called as we call it.
_WORDS: Final = {
    "composite type": r"CREATE\s+TYPE",
    "table.row security": r"ROW\s+LEVEL\s+SECURITY",
    "table.forced row security": r"ROW\s+LEVEL\s+SECURITY",
    "table.replica identity": r"REPLICA\s+IDENTITY",
    "column.storage": r"SET\s+STORAGE",
    "column.compression": r"COMPRESSION",
    "column.statistics target": r"SET\s+STATISTICS",
    "column.options": r"ALTER\s.*\sSET\s*\(",
    "index.clustered": r"CLUSTER",
}


def may_make(revisions: Iterable[Path], kinds: Collection[str]) -> bool:
    """Whether a revision names one of the kinds of objects, or does what its text does not tell.

    Args:
        revisions: The files. One that cannot be read may make anything.
        kinds: Such as `trigger`, and aspects of what a mapping can tell, such as `table.row security`.
    """
    if not kinds:
        return False
    words = "|".join(_WORDS.get(kind, kind.replace(" ", r"\s+")) for kind in sorted(kinds))
    pattern = re.compile(rf"\b(?:{words})", re.IGNORECASE | re.DOTALL)
    return any(_may_make(file, pattern) for file in revisions)


def _may_make(file: Path, pattern: re.Pattern[str]) -> bool:
    try:
        source = file.read_text(encoding="utf-8")
        tree = ast.parse(source)
    except (OSError, UnicodeDecodeError, SyntaxError):
        return True
    return pattern.search(source) is not None or any(map(_is_opaque, ast.walk(tree)))


def _is_opaque(node: ast.AST) -> bool:
    """Whether a part of a revision brings in what stands elsewhere."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return any(name not in _KNOWN_MODULES for name in _modules(node))
        case ast.Attribute(value=ast.Name(id="op"), attr=name):
            return name not in _OF_TABLES
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name in _READING
    return False


def _modules(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name.partition(".")[0] for one in node.names)
    else:
        yield "" if node.level else (node.module or "").partition(".")[0]
