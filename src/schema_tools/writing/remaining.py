"""What Alembic's operations leave different, found in the catalog: enum labels, changed checks, views, sequences."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from schema_tools.catalog.comparing import differences
from schema_tools.catalog.objects import Catalog
from schema_tools.catalog.reading import read_catalog
from schema_tools.rehearsal.scratch import ScratchPair

# Triggers and functions are made from their authors' words, by `CodeChange`.
_MADE_ELSEWHERE: Final = ("trigger ", "function ")

_BETWEEN_STATEMENTS: Final = re.compile(r";\n(?=(?:ALTER|COMMENT|CREATE|DROP)\b)")
# A label cannot be taken away again, so that a downgrade leaves it, and the next upgrade finds it:
# https://www.postgresql.org/docs/current/sql-altertype.html
_NEW_LABEL: Final = re.compile(r"^(ALTER TYPE .* ADD VALUE) (?!IF)")


@dataclass(frozen=True, slots=True)
class Remaining:
    """Statements for PostgreSQL beside Alembic's operations.

    Attributes:
        up_last: After those of the upgrade.
        down_first: Before those of the downgrade.
        down_last: After those of the downgrade: what it would leave behind.
    """

    up_last: tuple[str, ...]
    down_first: tuple[str, ...]
    down_last: tuple[str, ...]


def remaining(pair: ScratchPair, script: ops.MigrationScript) -> Remaining:
    """Run the operations of `script` on the head of PostgreSQL's pair, see what they lead to, and undo it all."""
    assert script.upgrade_ops is not None and script.downgrade_ops is not None  # noqa: S101, PT018
    with pair.mapping.engine().connect() as mapping:
        wanted = read_catalog(mapping)
    with pair.head.engine().connect() as connection:
        before = read_catalog(connection)
        _run(script.upgrade_ops.ops, connection)
        reached = read_catalog(connection)
        _run(script.downgrade_ops.ops, connection)
        left = read_catalog(connection)
        connection.rollback()
    return Remaining(_mends(wanted, reached), _mends(reached, wanted), _mends(before, left))


def _run(operations: Iterable[ops.MigrateOperation], connection: Connection) -> None:
    runner = Operations(MigrationContext.configure(connection))
    for one in operations:
        for inner in one.ops if isinstance(one, ops.OpContainer) else (one,):
            runner.invoke(inner)


def _mends(expected: Catalog, found: Catalog) -> tuple[str, ...]:
    """The statements that lead from one catalog to another, each once, without the remarks on what they cost."""
    mends = [one.mend for one in differences(expected, found) if not one.object.startswith(_MADE_ELSEWHERE)]
    return tuple(dict.fromkeys(statement for mend in mends for statement in _statements(mend)))


def _statements(mend: str) -> list[str]:
    lines = "\n".join(line for line in mend.splitlines() if not line.startswith("--"))
    statements = [one.strip().removesuffix(";") for one in _BETWEEN_STATEMENTS.split(lines)]
    return [_NEW_LABEL.sub(r"\1 IF NOT EXISTS ", one) for one in statements if one]
