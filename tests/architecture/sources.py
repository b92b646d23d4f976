"""The project's files, as the tests of its architecture read them."""

import ast
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
ROOTS = ("src", *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("packages/*/src")))
"""Where the modules of the service and its packages begin."""

_NOT_OURS = {".git", ".cache", ".hypothesis", "__pycache__", "dist", "var"}


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def own_files() -> list[Path]:
    """The modules of the service and of its packages."""
    return [file for root in ROOTS for file in python_files(ROOT / root)]


@cache
def trees() -> dict[str, ast.Module]:
    """The modules of the service and of its packages, by what they are imported as."""
    return {module_name(file): parsed(file) for file in own_files()}


def python_files(directory: Path) -> list[Path]:
    """The Python files below a directory; never none, so that a scan of them is not of nothing."""
    files = sorted(path for path in directory.rglob("*.py") if not _NOT_OURS & set(path.parts))
    assert files, directory
    return files


def module_name(path: Path) -> str:
    """What a file of `src` or of a package is imported as."""
    root = next(ROOT / root for root in ROOTS if path.is_relative_to(ROOT / root))
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def imports(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Every import anywhere in a module: the module that is imported from, and the name, or None for all of it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def project_files() -> list[Path]:
    """What is or could be committed: files that git knows or would add; without git, all but what never is ours."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if listing.returncode == 0:
            return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]
    return list(_walked(ROOT))


def _walked(directory: Path) -> Iterator[Path]:
    for path in directory.iterdir():
        if path.name in _NOT_OURS or path.name.startswith(".venv") or path.name == ".env":
            continue
        if path.is_dir():
            yield from _walked(path)
        else:
            yield path
