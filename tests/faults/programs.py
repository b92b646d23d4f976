"""Programs that some faults need beside Python, and how to get each."""

import shutil
from typing import Final

from faults.poolers.pgbouncer import HOW_TO_GET_IT, KEEPS_STATEMENTS
from faults.poolers.pgbouncer import programs as pgbouncers

_HOW_TO_GET: Final = {
    "gcc": "apt-get install gcc libc6-dev",
    "unshare": "apt-get install util-linux",
}


def missing() -> list[str]:
    """A sentence for each that is not here."""
    found = [f"{program} is not here: {how}" for program, how in _HOW_TO_GET.items() if shutil.which(program) is None]
    keeping = {one.version >= KEEPS_STATEMENTS for one in pgbouncers()}
    for name, keeps in (("1.21 or newer", True), ("1.20 or older", False)):
        if keeps not in keeping:
            found.append(f"pgbouncer {name} is not here: {HOW_TO_GET_IT}")
    return found


def reason(program: str) -> str:
    """Why a test that needs this program is left out."""
    return f"it needs {program}: {_HOW_TO_GET[program]}"
