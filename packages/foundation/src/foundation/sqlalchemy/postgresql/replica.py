"""Reads on a standby whose answers are those of the primary."""

import asyncio
import logging
import math
import time
from collections.abc import Mapping
from contextvars import Context
from typing import Any, Final

from psycopg import DataError, Error
from psycopg.pq.abc import PGresult
from sqlalchemy import Select
from sqlalchemy.exc import SQLAlchemyError

from foundation.kernel.deadline import begin_deadline, seconds_left, time_limit
from foundation.kernel.errors import ApplicationError, DeadlineExceeded, StorageUnavailable
from foundation.sqlalchemy.errors import NO_CONSTRAINTS, StatementRefused
from foundation.sqlalchemy.postgresql.connection import Call, ConnectionLost
from foundation.sqlalchemy.postgresql.pool import ConnectionPool, PooledConnection
from foundation.sqlalchemy.postgresql.statements import pipelined
from foundation.sqlalchemy.postgresql.transaction import check_retry
from foundation.sqlalchemy.postgresql.wal import IDENTITY, REPLAYED, Replayed, Written, WrittenPositions, found
from foundation.sqlalchemy.transaction import Make, Reader, Row

logger = logging.getLogger("service.replica")

# Seconds between two looks at a replica that was left: the first, and the longest where it is left again and again.
_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 4.0
# A replica that is left again within so many seconds is looked at half as often.
_SOON: Final = 5.0
# Seconds between two looks at how far a replica that is behind has come: the first, and the longest.
_FIRST_LOOK: Final = 0.001
_LONGEST_LOOK: Final = 0.02
# Errors that say nothing of the server: a conflict with recovery, and the limits of a statement and of a lock. Nor does
# a value that cannot be read.
_OF_THE_STATEMENT: Final = frozenset({"40001", "40P01", "55P03", "57014"})

_REPLAYED: Final = Call(pipelined(REPLAYED), {})
_IDENTITY: Final = Call(pipelined(IDENTITY), {})


class ReplicaUnusable(Exception):
    """The replica does not answer as the primary would; `str(error)` says why, for the operator."""


class PrimaryUnknown(Exception):
    """How far the primary has come could not be found out, which is no fault of the replica."""


_FAILURES: Final = (ReplicaUnusable, PrimaryUnknown, Error, SQLAlchemyError, ApplicationError)


class ReplicaReader:
    """Reads on a standby what the `primary` has committed. See `foundation.sqlalchemy.transaction.Reader`.

    What was committed anywhere before a read began, it sees: the primary is asked how far its log is written, at the
    same time as the standby is asked for the rows and how far it had replayed the log before. Where it had not come as
    far, it is waited for, `max_lag` seconds at most, and asked again.

    In every other case the read is made on the primary. A standby that lags, is frozen, is gone or is none is left
    alone for all reads, and looked at in the background until it is usable again. `patience` is how many seconds a
    read may take before it is made on the primary, `timeout` how many such a look may take.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        primary: Reader,
        positions: WrittenPositions,
        *,
        max_lag: float,
        patience: float,
        timeout: float,
    ) -> None:
        self._pool = pool
        self._primary = primary
        self._positions = positions
        self._max_lag = max_lag
        self._patience = patience
        self._timeout = timeout
        self._returning: asyncio.Task[None] | None = None
        self._returned_at = -math.inf
        self._pause = _PAUSE

    @property
    def available(self) -> bool:
        """Whether reads are tried on the replica."""
        return self._returning is None

    async def rows(self, statement: Select[Any], parameters: Mapping[str, Any], make: Make[Row]) -> list[Row]:
        """See `Reader.rows`; what is raised is what the primary raised."""
        if self._returning is None:
            try:
                with time_limit(self._patience):
                    return await self._current_rows(Call(pipelined(statement), parameters), make)
            except _FAILURES as error:
                self._consider(error)
        return await self._primary.rows(statement, parameters, make)

    async def close(self) -> None:
        """Close every connection, and look no more."""
        if self._returning is not None:
            self._returning.cancel()
            await asyncio.wait({self._returning})
        await self._positions.close()
        await self._pool.close()

    async def _current_rows(self, call: Call, make: Make[Row]) -> list[Row]:
        asked = self._positions.ask()
        pooled, replayed, result = await self._run(call)
        written = await self._found(asked)
        if not replayed.has(written):
            await self._catch_up(written)
            pooled, replayed, result = await self._run(call)
            if not replayed.has(written):
                raise ReplicaUnusable("its hosts differ in how far they are")
        if replayed.is_ahead_of(written) and replayed.is_ahead_of(await self._found(self._positions.ask())):
            raise ReplicaUnusable("it is ahead of the primary: it followed another one before")
        return pooled.pipeline.rows(call, result, make)

    async def _found(self, asked: "asyncio.Task[Written | None]") -> Written:
        written = await found(asked)
        if written is None:
            raise PrimaryUnknown
        return written

    async def _catch_up(self, written: Written) -> None:
        """Wait until the replica has replayed so much; the connection is free for others between two looks."""
        until = time.monotonic() + min(self._max_lag, seconds_left())
        look = _FIRST_LOOK
        while time.monotonic() + look < until:
            await asyncio.sleep(look)
            look = min(2 * look, _LONGEST_LOOK)
            if (await self._run(_REPLAYED))[1].has(written):
                return
        raise ReplicaUnusable("it lags more than DATABASE_READ_MAX_LAG")

    async def _run(self, call: Call) -> tuple[PooledConnection, Replayed, PGresult]:
        """The result of a statement, and what was replayed before it began."""
        while True:
            pooled = await self._pool.acquire()
            try:
                if pooled.fresh:
                    await self._checked(pooled)
                before, result = await pooled.pipeline.run(_REPLAYED, call)
                replayed = pooled.pipeline.rows(_REPLAYED, before, Replayed._make)
            except ConnectionLost as error:
                check_retry(self._pool, pooled, error)
            else:
                if not replayed:
                    raise ReplicaUnusable("it is not a standby")
                return pooled, replayed[0], result
            finally:
                await self._pool.release(pooled)

    async def _checked(self, pooled: PooledConnection) -> None:
        """Compare a new connection with the primary; one that was not compared to the end is not used again."""
        same = False
        try:
            [result] = await pooled.pipeline.run(_IDENTITY)
            own = pooled.pipeline.rows(_IDENTITY, result, tuple)
            same = own == await self._identity_of_primary()
        finally:
            if not same:
                self._pool.invalidate_idle()
        if not same:
            raise ReplicaUnusable("it is no standby of the server in DATABASE_URL, or another database of one")

    async def _identity_of_primary(self) -> list[tuple[Any, ...]]:
        try:
            return await self._primary.rows(IDENTITY, {}, tuple)
        except _FAILURES:
            raise PrimaryUnknown from None

    def _consider(self, error: Exception) -> None:
        """Leave the replica alone for a while if the error tells that other reads would fail as well."""
        if not self.available or isinstance(error, PrimaryUnknown | ApplicationError):
            return
        if isinstance(error, DataError) or getattr(error, "sqlstate", None) in _OF_THE_STATEMENT:
            return
        often = time.monotonic() - self._returned_at < _SOON
        self._pause = min(2 * self._pause, _LONGEST_PAUSE) if often else _PAUSE
        self._pool.invalidate_idle()
        logger.warning(
            "lists and exports are read from the primary, since the replica cannot be used: %s", _reason(error)
        )
        self._returning = asyncio.get_running_loop().create_task(self._return(), context=Context())

    async def _return(self) -> None:
        usable = False
        while not usable:
            await asyncio.sleep(self._pause)
            begin_deadline(self._timeout)
            try:
                await self._current_rows(_REPLAYED, tuple)
            except _FAILURES:
                self._pool.invalidate_idle()
            else:
                usable = True
        self._returned_at = time.monotonic()
        self._returning = None
        logger.warning("lists and exports are read from the replica again")


def _reason(error: Exception) -> str:
    """Why the replica cannot be used, without what a message of the driver may quote."""
    if isinstance(error, ReplicaUnusable):
        return str(error)
    try:
        _raise_translated(error)
    except (ApplicationError, StatementRefused) as translated:
        said = str(translated).replace("DATABASE_URL", "DATABASE_READ_URL")
        if "DATABASE_POOLER" in said:  # which is about the primary
            said = "A pooler answers at DATABASE_READ_URL: name the standby itself."
        generic = isinstance(translated, DeadlineExceeded) or said == str(StorageUnavailable())
        return "it does not answer" if generic else said
    except Exception as untranslated:  # noqa: BLE001 -- of the driver; its message may quote hosts and roles
        return type(untranslated).__name__
    return ""


def _raise_translated(error: Exception) -> None:
    with NO_CONSTRAINTS.translated:
        raise error
