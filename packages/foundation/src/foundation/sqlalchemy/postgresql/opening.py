"""Opening the pools of a PostgreSQL server, and of a replica of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from foundation.kernel.errors import StorageMisconfigured
from foundation.sqlalchemy.limits import Limits, Replica
from foundation.sqlalchemy.postgresql.engine import open_postgresql
from foundation.sqlalchemy.postgresql.pool import ConnectionPool
from foundation.sqlalchemy.postgresql.pooler import DIRECT, ServerAccess
from foundation.sqlalchemy.postgresql.replica import ReplicaReader
from foundation.sqlalchemy.postgresql.transaction import PipelineReader
from foundation.sqlalchemy.postgresql.wal import WrittenPositions
from foundation.sqlalchemy.postgresql.watchdog import Watchdog

# How long a read may take on a replica before it is made on the primary: longer than the two seconds that libpq waits
# for one host, so that a second one is tried, and at most half of what the request has.
_PATIENCE: Final = timedelta(seconds=3)
# A standby knows no serializable transactions, which may be the default of the database (PostgreSQL manual, 13.2.3).
_ISOLATION: Final = r"-c default_transaction_isolation=read\ committed"


def open_pool(url: URL, limits: Limits, access: ServerAccess = DIRECT, size: int | None = None) -> ConnectionPool:
    """A pool of `size` connections to the server at `url`, or of as many as the limits say.

    Raises:
        StorageMisconfigured: no connection could be made as the URL says.
    """
    watchdog = Watchdog(limits.use_timeout.total_seconds())
    return ConnectionPool(
        open_postgresql(url, limits, watchdog, pooler=access.pooler),
        size or limits.pool_size,
        queue=limits.pool_queue,
        timeout=limits.pool_timeout,
        watchdog=watchdog,
        opened=access.opener(limits),
    )


def open_replica(
    replica: Replica, primary_url: URL, limits: Limits, primary: PipelineReader, access: ServerAccess = DIRECT
) -> ReplicaReader:
    """What reads on the replica, and where it cannot on the `primary`, the server at `primary_url`.

    `access` is that of the primary; the replica itself is reached without a pooler.

    It has a connection of its own to the primary, so that its question there does not wait behind the traffic.

    Raises:
        StorageMisconfigured: no connection could be made as the URL says.
    """
    patience = min(_PATIENCE, limits.use_timeout / 2)
    # The limit of the server ends a slow statement before ours ends its connection.
    on_replica = replace(limits, statement_timeout=min(limits.statement_timeout, patience * 0.8))
    try:
        url = make_url(replica.url)
        options = f"{_ISOLATION} {url.query.get('options', '')}"
        direct = ServerAccess(tenants=access.tenants)
        pool = open_pool(url.update_query_dict({"options": options}), on_replica, direct)
    except (ArgumentError, ValueError):
        # The original message may quote the URL, and so the password.
        raise StorageMisconfigured("DATABASE_READ_URL is no valid database URL.") from None
    except StorageMisconfigured as error:
        raise StorageMisconfigured(str(error).replace("DATABASE_URL", "DATABASE_READ_URL")) from None
    return ReplicaReader(
        pool,
        primary,
        WrittenPositions(open_pool(primary_url, limits, access, size=1), patience.total_seconds()),
        max_lag=replica.max_lag.total_seconds(),
        patience=patience.total_seconds(),
        timeout=limits.use_timeout.total_seconds(),
    )
