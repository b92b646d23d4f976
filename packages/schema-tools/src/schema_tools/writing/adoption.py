"""Rewriting an `env.py` as `alembic init` writes it, so that the runner can run it on a live database."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schema_tools.errors import SchemaToolsError

_CONFIGURE: Final = frozenset({"context.configure", "context.run_migrations"})
# What `schema_tools.environment.run` decides itself, and what concerns a single connection.
_OURS: Final = frozenset({
    "connection", "url", "dialect_name", "dialect_opts", "literal_binds", "on_version_apply", "target_metadata",
    "transaction_per_migration", "transactional_ddl",
})  # fmt: skip
_FROM_CONFIGURATION: Final = frozenset({"engine_from_config", "async_engine_from_config"})
_BY_URL: Final = frozenset({"create_engine", "create_async_engine"})
_URL: Final = 'context.config.get_main_option("sqlalchemy.url") or ""'


class NotAdoptable(SchemaToolsError):
    """An `env.py` does something that would be lost, so it is to be changed by hand."""


def adopted(file: Path, name: str) -> str:
    """What an `env.py` is to be: `run` in place of the functions that connect, with the options that they had.

    Args:
        file: The file.
        name: How messages call it.

    Raises:
        NotAdoptable: It does more than `alembic init` writes; the message names the line.
        SchemaToolsError: It cannot be read.
    """
    try:
        source = file.read_text(encoding="utf-8")
        module = ast.parse(source)
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        raise SchemaToolsError(f"{name} cannot be read: {error}") from error
    if any(isinstance(node, ast.ImportFrom) and node.module == "schema_tools.environment" for node in ast.walk(module)):
        return source
    found = _Connecting(name, source, module)
    lines = source.splitlines()
    for node in reversed(found.replaced):
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        del lines[first - 1 : node.end_lineno]
    kept = "\n".join(lines).rstrip()
    return _with_import(f"{kept}\n\n\n{found.call}\n")


@dataclass
class _Connecting:
    """The part of an `env.py` that connects and runs migrations."""

    name: str
    source: str
    module: ast.Module

    def __post_init__(self) -> None:
        self.functions = self._functions()
        self.replaced = [
            one
            for one in self.module.body
            if (isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name in self.functions)
            or (not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and self._is_of_these(one))
        ]
        if not self.replaced:
            raise NotAdoptable(f"{self.name} does not call context.configure in a way that can be followed")
        for one in self.replaced:
            self._refuse_what_would_be_lost(one)
        options: dict[str, str] = {}
        metadata = "None"
        for call in self._calls("context.configure"):
            given = {keyword.arg: self._text(keyword.value) for keyword in call.keywords if keyword.arg}
            if call.args or any(keyword.arg is None for keyword in call.keywords):
                raise self._refusal(call, "passes arguments to context.configure that cannot be followed")
            metadata = given.get("target_metadata", metadata)
            if "connection" in given:
                options |= {key: text for key, text in given.items() if key not in _OURS}
        written = "".join(f", {key}={text}" for key, text in options.items())
        self.call = f"run({metadata}, lambda: {self._url()}{written})"

    def _functions(self) -> set[str]:
        """The functions that configure and run migrations, or call such a function."""
        found: set[str] = set()
        defined = [one for one in self.module.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
        for _ in defined:
            found |= {one.name for one in defined if self._is_of_these(one, found)}
        return found

    def _is_of_these(self, node: ast.AST, functions: set[str] | None = None) -> bool:
        names = self.functions if functions is None else functions
        return any(
            (isinstance(one, ast.Call) and ast.unparse(one.func) in _CONFIGURE)
            or (isinstance(one, ast.Name) and one.id in names)
            for one in ast.walk(node)
        )

    def _calls(self, name: str) -> Iterator[ast.Call]:
        for node in self.replaced:
            yield from (one for one in ast.walk(node) if isinstance(one, ast.Call) and ast.unparse(one.func) == name)

    def _url(self) -> str:
        for node in self.replaced:
            for call in (one for one in ast.walk(node) if isinstance(one, ast.Call)):
                function = ast.unparse(call.func).rpartition(".")[2]
                if function in _BY_URL and call.args:
                    self._refuse_local_names(call.args[0])
                    return f"str({self._text(call.args[0])})"
                if function in _FROM_CONFIGURATION:
                    return _URL
        return _URL

    def _refuse_local_names(self, value: ast.expr) -> None:
        known = {name for one in self.module.body if one not in self.replaced for name in _bound(one)} | {
            "context",
            "str",
        }
        for one in ast.walk(value):
            if isinstance(one, ast.Name) and one.id not in known:
                raise self._refusal(value, f"takes the URL from {one.id}, which is set in a function")

    def _refuse_what_would_be_lost(self, node: ast.stmt) -> None:
        for one in _statements(node):
            if not _is_of_template(one, self.functions):
                raise self._refusal(one, "does something of its own where it runs migrations")

    def _refusal(self, node: ast.AST, what: str) -> NotAdoptable:
        line = getattr(node, "lineno", 1)
        return NotAdoptable(
            f"{self.name}:{line} {what}, which would be lost: let env.py do that before it calls"
            " schema_tools.environment.run(metadata, url, **options), which takes the place of the rest"
        )

    def _text(self, node: ast.expr) -> str:
        return ast.get_source_segment(self.source, node) or ast.unparse(node)


def _statements(node: ast.stmt) -> Iterator[ast.stmt]:
    """The innermost statements: those without a body."""
    bodies = [getattr(node, name) for name in ("body", "orelse", "finalbody") if getattr(node, name, None)]
    if not bodies:
        yield node
    for body in bodies:
        for one in body:
            yield from _statements(one)


def _is_of_template(node: ast.stmt, functions: set[str]) -> bool:
    """Whether a statement is one that `alembic init` writes where migrations are run."""
    if isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return True
    value = getattr(node, "value", None)
    if isinstance(node, ast.Assign):
        names = [ast.unparse(one) for one in node.targets]
        made = isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2]
        return names in (["url"], ["configuration"]) or made in _FROM_CONFIGURATION | _BY_URL
    if isinstance(value, ast.Await):
        value = value.value
    if not isinstance(node, ast.Expr) or not isinstance(value, ast.Call):
        return False
    called = ast.unparse(value.func)
    return (
        called in _CONFIGURE | functions
        or called in {"asyncio.run", "connection.run_sync"}
        or called.endswith((".dispose", ".run_sync"))
    )


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module binds."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((one.asname or one.name).partition(".")[0] for one in node.names)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    else:
        yield from (one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))


def _with_import(source: str) -> str:
    """The source with `run` imported after the other imports, and without imports that nothing uses any more."""
    module = ast.parse(source)
    imports = [one for one in module.body if isinstance(one, ast.Import | ast.ImportFrom)]
    used = {one.id for one in ast.walk(module) if isinstance(one, ast.Name)}
    lines = source.splitlines()
    after = max((one.end_lineno or one.lineno for one in imports), default=0)
    lines.insert(after, "from schema_tools.environment import run")
    for one in reversed(imports):
        needless = [each for each in one.names if _is_needless(each, used)]
        if not needless:
            continue
        left = [each for each in one.names if each not in needless]
        new = [] if not left else [ast.unparse(_with_names(one, left))]
        lines[one.lineno - 1 : one.end_lineno] = new
    return "\n".join(lines).rstrip() + "\n"


# What only the functions that connect need; another import may be there for what it does.
_OF_CONNECTING: Final = frozenset({
    "asyncio", "pool", "Connection", "engine_from_config", "async_engine_from_config", "create_engine",
    "create_async_engine", "AsyncEngine",
})  # fmt: skip


def _is_needless(name: ast.alias, used: set[str]) -> bool:
    bound = name.asname or name.name
    return bound in _OF_CONNECTING and bound not in used


def _with_names(statement: ast.Import | ast.ImportFrom, names: Sequence[ast.alias]) -> ast.stmt:
    if isinstance(statement, ast.ImportFrom):
        return ast.ImportFrom(module=statement.module, names=list(names), level=statement.level)
    return ast.Import(names=list(names))
