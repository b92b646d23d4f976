"""The locks of PostgreSQL on tables, and what each blocks, in plain words."""

from typing import Final, NamedTuple


class LockMode(NamedTuple):
    """A mode of lock on a table, and what others cannot do meanwhile.

    Source: https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES.
    """

    name: str
    blocks: str


# By pg_locks.mode, the weakest first.
MODES: Final = {
    "AccessShareLock": LockMode("ACCESS SHARE", "blocks nothing but changes of the schema"),
    "RowShareLock": LockMode("ROW SHARE", "blocks nothing but changes of the schema"),
    "RowExclusiveLock": LockMode("ROW EXCLUSIVE", "blocks neither reads nor writes, but index builds and changes"),
    "ShareUpdateExclusiveLock": LockMode(
        "SHARE UPDATE EXCLUSIVE", "blocks neither reads nor writes, but VACUUM and other changes of the schema"
    ),
    "ShareLock": LockMode("SHARE", "blocks writes"),
    "ShareRowExclusiveLock": LockMode("SHARE ROW EXCLUSIVE", "blocks writes"),
    "ExclusiveLock": LockMode("EXCLUSIVE", "blocks writes"),
    "AccessExclusiveLock": LockMode("ACCESS EXCLUSIVE", "blocks reads and writes"),
}
_STRENGTH: Final = {mode: strength for strength, mode in enumerate(MODES)}


def stronger(one: str, other: str) -> str:
    """The stronger of two modes."""
    return max(one, other, key=_STRENGTH.__getitem__)
