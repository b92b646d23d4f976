"""Liveness and readiness, for load balancers and supervisors."""

import asyncio
import logging
import time
from typing import Final, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from foundation.http.openapi.operations import responses
from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.http.requests.json_body import JSON
from foundation.http.requests.negotiation import answers
from foundation.http.requests.query import NoParameters, query
from foundation.http.responses import json_response
from foundation.kernel.deadline import time_limit
from foundation.kernel.errors import ApplicationError, StorageUnavailable
from foundation.kernel.storage import StorageReadiness

logger = logging.getLogger("service.health")

router = APIRouter(tags=["health"], dependencies=[Depends(query(NoParameters)), Depends(answers(JSON))])

# Seconds that an answer of the storage is good for, however often readiness is asked.
_FRESH: Final = 1.0
# Seconds that the storage has to answer.
_PATIENCE: Final = 2.0
# How much sooner it is asked to give up, so that its own reason is answered.
_MARGIN: Final = 0.3


class HealthBody(BaseModel):
    """How the service is."""

    status: Literal["alive", "ready"]


class ReadinessMonitor:
    """Asks the storage at most once a second, and once at a time."""

    def __init__(self, storage: StorageReadiness) -> None:
        self._storage = storage
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._failure: ApplicationError | None = None

    async def failure(self) -> ApplicationError | None:
        """Why the storage cannot serve; None when it can."""
        async with self._asking:
            if time.monotonic() - self._asked_at > _FRESH:
                before, self._failure = self._failure, await self._ask()
                self._asked_at = time.monotonic()
                if type(before) is not type(self._failure):
                    logger.warning("the storage can serve" if self._failure is None else str(self._failure))
        return self._failure

    async def _ask(self) -> ApplicationError | None:
        # A storage that heeds no deadline is not waited for either.
        check = asyncio.ensure_future(self._check())
        done, _ = await asyncio.wait({check}, timeout=_PATIENCE)
        if not done:
            check.cancel()
            return StorageUnavailable()
        return check.result()

    async def _check(self) -> ApplicationError | None:
        try:
            with time_limit(_PATIENCE - _MARGIN):
                await self._storage.check()
        except ApplicationError as error:
            return error
        return None


@router.get(
    "/livez", summary="Is the process alive?", responses=responses(200, "It is.", model=HealthBody, storage=False)
)
async def livez() -> Response:
    """Answer, which proves the process alive. Depends on nothing else."""
    return json_response({"status": "alive"})


@router.get(
    "/readyz",
    summary="Can the service serve?",
    responses=responses(200, "It can.", kinds.STORAGE_UNAVAILABLE, kinds.DRAINING, model=HealthBody, storage=False),
)
async def readyz(request: Request) -> Response:
    """Say whether the storage can be reached and has the schema that this release needs, and the service goes on."""
    if request.app.state.draining.under_way:
        raise Problem(kinds.DRAINING)
    monitor: ReadinessMonitor = request.app.state.readiness
    failure = await monitor.failure()
    if failure is not None:
        raise Problem(kinds.STORAGE_UNAVAILABLE, str(failure))
    return json_response({"status": "ready"})
