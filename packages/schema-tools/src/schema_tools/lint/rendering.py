"""SQL as code: statements in calls of Alembic's operations, as the body of an `upgrade()` has them."""

import textwrap
from typing import Final

from schema_tools.dialects import DIALECTS, escaped

NEXT_REVISION: Final = "# next revision"
"""The line between the bodies of two revisions."""

_PREPARER: Final = DIALECTS["postgresql"].identifier_preparer


def quoted(name: str) -> str:
    """A name as it stands in SQL."""
    return ".".join(str(_PREPARER.quote(part)) for part in name.split("."))


def revisions(*bodies: str) -> str:
    """Several revisions, one after the other."""
    return f"\n{NEXT_REVISION}\n".join(body.strip("\n") for body in bodies if body)


def execute(*statements: str) -> str:
    """Statements, each executed for itself."""
    return "\n".join(_call(one) for one in statements)


def alter_table(table: str, *changes: str) -> str:
    """An ALTER TABLE for each of the changes."""
    return execute(*(f"ALTER TABLE {quoted(table)} {change}" for change in changes))


def outside_transaction(code: str) -> str:
    """Code in an autocommit block."""
    return "with op.get_context().autocommit_block():\n" + textwrap.indent(code, "    ", lambda _line: True)


def in_block(body: str) -> str:
    """A DO block, which may commit."""
    return outside_transaction(execute(f"DO $$\n{body}\n$$"))


def _call(sql: str) -> str:
    code = escaped(sql)
    if "\n" not in sql and len(sql) <= 100:  # noqa: PLR2004 -- what fits in a line of the report
        return f"op.execute({as_text(code, raw=code != sql)})"
    prefix = "r" if "\\" in code else ""
    return f'op.execute(\n    {prefix}"""\n{textwrap.indent(code, "    ")}\n    """\n)'


def as_text(value: str, *, raw: bool = False) -> str:
    """A text as a literal of Python, in double quotes where it can be."""
    if raw and '"' not in value:
        return f'r"{value}"'
    return f'"{value}"' if '"' not in value and "\\" not in value else repr(value)
