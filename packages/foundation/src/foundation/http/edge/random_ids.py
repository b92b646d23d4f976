"""Random ids, a thousand from one system call."""

import os
from collections import deque
from typing import Final

_BYTES: Final = 16
_AT_ONCE: Final = 1024
_ids: Final[deque[str]] = deque()


def random_id() -> str:
    """128 random bits, as 32 hexadecimal digits."""
    try:
        return _ids.pop()
    except IndexError:
        drawn = os.urandom(_BYTES * _AT_ONCE).hex()
        _ids.extend(drawn[at : at + 2 * _BYTES] for at in range(0, len(drawn), 2 * _BYTES))
        return _ids.pop()


# A child of this process would have the same ids.
os.register_at_fork(after_in_child=_ids.clear)
