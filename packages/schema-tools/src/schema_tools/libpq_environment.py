"""The variables of the environment that libpq reads: they are about the caller's server, and not about ours."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import RLock
from typing import Final

from psycopg.pq import Conninfo

# Of no parameter of a connection: https://www.postgresql.org/docs/current/libpq-envars.html
_OTHERS: Final = frozenset({
    "PGDATESTYLE", "PGGEQO", "PGLOCALEDIR", "PGREALM", "PGREQUIRESSL", "PGSERVICEFILE", "PGSYSCONFDIR", "PGTZ",
})  # fmt: skip

# The environment is that of every thread.
_lock: Final = RLock()

_ours: Final[set[int]] = set()


def is_ours(port: int) -> None:
    """Take note that a throwaway server of this process listens on a port of this machine."""
    _ours.add(port)


def is_ours_no_longer(port: int) -> None:
    """Take note that the throwaway server on a port has ended."""
    _ours.discard(port)


@contextmanager
def connecting(port: object) -> Iterator[None]:
    """Inside, a connection to a port is made: without the variables of libpq where the server there is ours.

    A parameter of the connection takes the place of most of them, but not of PGSERVICE, PGTZ and their like.
    """
    with _lock:
        unset = {}
        if str(port).isdecimal() and int(str(port)) in _ours:
            unset = {name: os.environ.pop(name) for name in _variables() if name in os.environ}
        try:
            yield
        finally:
            os.environ.update(unset)


@cache
def _variables() -> frozenset[str]:
    return _OTHERS | {one.envvar.decode() for one in Conninfo.get_defaults() if one.envvar}
