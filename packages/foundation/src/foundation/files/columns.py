"""Users, field by field: what is done to a column at once costs a fraction of what it costs value by value."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson

from application.users.ports import UserView
from foundation.times import rfc3339


def column(users: Sequence[UserView], field: str) -> Sequence[str]:
    """The values of a field as texts: numbers in decimal, times as RFC 3339 writes them."""
    values: list[Any] = list(map(attrgetter(field), users))
    if isinstance(values[0], str):
        return values
    return _moments(values) if isinstance(values[0], datetime) else list(map(str, values))


def _moments(moments: list[datetime]) -> list[str]:
    content = orjson.dumps(moments, option=orjson.OPT_UTC_Z)
    # Those that have all six digits are 27 characters long, with two quotes and a comma or bracket; the others are
    # shorter, and left to `rfc3339`.
    if len(content) == 30 * len(moments) + 1:
        return content[2:-2].decode().split('","')
    return list(map(rfc3339, moments))
