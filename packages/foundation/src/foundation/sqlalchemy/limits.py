"""How much of a database one process may use, and for how long."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the database one process may use, and for how long.

    `pool_size` connections and never more; a caller waits `pool_timeout` for one, unless `pool_queue` wait already.
    Where the caller has no deadline, it may use one for `use_timeout`. A statement may take `statement_timeout`, a lock
    may be waited for `lock_timeout`, and an open transaction may do nothing for `idle_timeout`; PostgreSQL keeps these
    three, SQLite the lock's. A bulk load may take `bulk_timeout` instead of `statement_timeout`.
    """

    pool_size: int
    pool_queue: int
    pool_timeout: timedelta
    use_timeout: timedelta
    statement_timeout: timedelta
    lock_timeout: timedelta
    idle_timeout: timedelta
    bulk_timeout: timedelta


@dataclass(frozen=True, slots=True)
class Replica:
    """A standby for lists: its `url`, and how long a list waits, `max_lag`, for what was committed before it."""

    url: str
    max_lag: timedelta


MAX_LIFETIME: Final = timedelta(minutes=30)
"""After which a connection is replaced, so that servers and what is between can be changed behind it."""


def pool_options(limits: Limits, size: int) -> dict[str, Any]:
    """What an engine is told about its pool of `size` connections."""
    return {
        "pool_size": size,
        "max_overflow": 0,
        "pool_timeout": limits.pool_timeout.total_seconds(),
        "pool_pre_ping": True,
        # The connection used last is used next, so that those a peak opened fall idle and are recycled.
        "pool_use_lifo": True,
        "pool_recycle": MAX_LIFETIME.total_seconds(),
        "hide_parameters": True,
    }


def milliseconds(duration: timedelta) -> int:
    """The duration as PostgreSQL counts it, rounded."""
    return round(duration.total_seconds() * 1000)
