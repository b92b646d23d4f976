"""Programs that some faults need beside Python, and how to get each."""

import shutil
from typing import Final

_HOW_TO_GET: Final = {
    "gcc": "apt-get install gcc libc6-dev",
    "unshare": "apt-get install util-linux",
}


def missing() -> list[str]:
    """A sentence for each that is not on the PATH."""
    return [f"{program} is not here ({how})" for program, how in _HOW_TO_GET.items() if shutil.which(program) is None]


def reason(program: str) -> str:
    """Why a test that needs this program is left out."""
    return f"it needs {program}: {_HOW_TO_GET[program]}"
