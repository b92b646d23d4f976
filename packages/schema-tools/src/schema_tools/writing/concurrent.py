"""An index that is all a revision makes or drops: concurrently, so that no write waits for it."""

from collections.abc import Sequence
from copy import copy
from typing import Final

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op
from alembic.operations import ops

_INDEX_OPERATIONS: Final = (ops.CreateIndexOp, ops.DropIndexOp)


class Concurrently(ops.MigrateOperation):
    """An index operation outside the transaction on PostgreSQL, and as it is elsewhere.

    SQLite must not come to the `autocommit_block()`, which would commit what its whole run has done.

    Attributes:
        operation: What is done with the index.
        elsewhere: Whether the revision is for another database as well.
    """

    def __init__(self, operation: ops.CreateIndexOp | ops.DropIndexOp, *, elsewhere: bool) -> None:
        self.operation = operation
        self.elsewhere = elsewhere


def concurrently(operations: Sequence[ops.MigrateOperation], databases: Sequence[str]) -> list[ops.MigrateOperation]:
    """`operations`, concurrently if they are one on an index: what works outside a transaction has a revision alone.

    With others beside it, it stays in their transaction, so that a failure leaves nothing half done.
    """
    if len(operations) == 1 and isinstance(operations[0], _INDEX_OPERATIONS):
        return [Concurrently(operations[0], elsewhere=len(databases) > 1)]
    return list(operations)


@renderers.dispatch_for(Concurrently)
def _render(context: AutogenContext, one: Concurrently) -> list[str]:
    outside = copy(one.operation)
    outside.kw = {**outside.kw, "postgresql_concurrently": True}
    if isinstance(outside, ops.CreateIndexOp):
        outside.if_not_exists = True
    else:
        outside.if_exists = True
    # Alembic's printer indents after a colon, and ends a block at an empty line and at `else`.
    block = ["with op.get_context().autocommit_block():", *render_op(context, outside), ""]
    if not one.elsewhere:
        return block
    return [
        "if op.get_context().dialect.name == 'postgresql':",
        *block,
        "else:",
        *render_op(context, one.operation),
        "",
    ]
