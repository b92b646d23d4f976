"""Prints how many bytes the peak of a process's memory grows by, when it loads six times as many users as before.

Run as `python -m contract.peak_memory URL`.
"""

import asyncio
import re
import sys
from pathlib import Path

from contract.sources import many
from contract.storages import open_service
from foundation.testing.clocks import NOON


async def _growth(url: str) -> int:
    async with open_service(url) as service:
        peaks = []
        # The first ones fill the caches of the storage.
        for count in (10_000, 60_000):
            async with service.unit_of_work() as uow:
                loaded = await uow.users.load(many(range(count)), NOON, 100)
                assert loaded.added + loaded.taken == count
                await uow.commit()
            peaks.append(_peak())
    return peaks[1] - peaks[0]


def _peak() -> int:
    # Not getrusage: what it says begins with the peak of the process that started this one.
    [kibibytes] = re.findall(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(kibibytes) * 1024


if __name__ == "__main__":
    print(asyncio.run(_growth(sys.argv[1])))  # noqa: T201 -- for the test that reads it
