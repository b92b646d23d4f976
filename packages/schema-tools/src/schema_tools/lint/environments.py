"""Judging `env.py`: whether the bare `alembic` command is bounded, as the runner is."""

import ast
from pathlib import Path
from typing import Final

from schema_tools.findings import Finding
from schema_tools.lint.rule import OtherRule

_OURS: Final = "schema_tools.environment"
_TIMEOUTS: Final = ("lock_timeout", "statement_timeout")

NO_TIMEOUTS: Final = OtherRule(
    name="no-timeouts",
    fires="an env.py that neither calls schema_tools.environment nor sets lock_timeout and statement_timeout",
    why=(
        "The bare alembic command waits for locks without a limit, and every later query on the table waits behind it. "
        "The upgrade command of these tools is limited whatever env.py does."
    ),
    source="https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT",
    example="context.configure(connection=connection, target_metadata=target_metadata)",
)


def environment_findings(env_py: str, alembic_ini: Path) -> list[Finding]:
    """The finding in `env.py`, if there is one; a file that cannot be read or parsed has none."""
    file = Path(env_py)
    try:
        source = file.read_text(encoding="utf-8")
        tree = ast.parse(source)
    except (OSError, SyntaxError, UnicodeDecodeError):
        return []  # Running a migration reports it.
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    if _OURS in modules | names or all(timeout in source for timeout in _TIMEOUTS):
        return []
    root = alembic_ini.resolve().parent
    place = file.resolve().relative_to(root) if file.resolve().is_relative_to(root) else file
    fix = (
        "from alembic import context\nfrom schema_tools.environment import run\n\n"
        'run(target_metadata, lambda: context.config.get_main_option("sqlalchemy.url") or "")'
    )
    return [
        Finding(
            rule=NO_TIMEOUTS.name,
            place=place.as_posix(),
            message="migrations that the alembic command runs wait for locks without a limit",
            why=NO_TIMEOUTS.explanation,
            fix=fix,
        )
    ]
