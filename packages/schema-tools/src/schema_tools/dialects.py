"""The dialects that migrations and the schema document are written for."""

import re
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite

# With named parameters a percent sign in SQL stays single.
DIALECTS: Final[Mapping[str, Dialect]] = {
    "postgresql": postgresql.dialect(paramstyle="named"),  # type: ignore[no-untyped-call]  # of SQLAlchemy
    "sqlite": sqlite.dialect(paramstyle="named"),
}


def escaped(sql: str) -> str:
    """`sql` with its colons escaped where `sa.text` and `op.execute` would read them as parameters."""
    return re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", sql)
