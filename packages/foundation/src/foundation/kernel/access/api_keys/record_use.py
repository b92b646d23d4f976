"""Remember when an API key was used last."""

from foundation.kernel.access.api_keys.ports import UnitsOfWork
from foundation.kernel.access.api_keys.values import ApiKeyId
from foundation.kernel.clock import Clock


class RecordApiKeyUseHandler:
    """Records the use of API keys."""

    def __init__(self, unit_of_work: UnitsOfWork, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, key_id: ApiKeyId) -> None:
        """Record that the key was used now.

        Raises:
            ApiKeyNotFound: there is none any more.
            WriteConflict: the key is being changed, or another worker records its use.
        """
        async with self._unit_of_work() as uow:
            key = await uow.api_keys.get(key_id)
            key.record_use(at=self._clock.now())
            await uow.commit()
