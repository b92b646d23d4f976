"""What goes through the pipeline to PostgreSQL, captured: `query_plans` sees what SQLAlchemy sends."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from psycopg.pq.abc import PGresult

from foundation.sqlalchemy.postgresql.connection import Call, PipelineConnection
from foundation.testing.query_plans import CapturedStatement, captured_statements

_PLACEHOLDER = re.compile(r"\$(\d+)")


@contextmanager
def all_statements() -> Iterator[list[CapturedStatement]]:
    """Every statement, with its parameters, that the service sends meanwhile."""
    with captured_statements() as captured:
        run = PipelineConnection.run

        async def capture(connection: PipelineConnection, *calls: Call) -> list[PGresult]:
            captured.extend(map(_captured, calls))
            return await run(connection, *calls)

        with patch.object(PipelineConnection, "run", capture):
            yield captured


def _captured(call: Call) -> CapturedStatement:
    values = call.statement.values(call.parameters)
    sql = _PLACEHOLDER.sub(r"%(p\1)s", call.statement.sql.decode().replace("%", "%%"))
    return CapturedStatement(sql, {f"p{number}": value for number, value in enumerate(values, 1)})
