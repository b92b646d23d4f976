"""The names of the three roles."""

from collections import Counter
from dataclasses import astuple, dataclass
from typing import Final, Self

from schema_tools.errors import SchemaToolsError

# NAMEDATALEN less one: the server would cut a longer name off, in silence.
_MAX_BYTES: Final = 63
_RESERVED: Final = frozenset({"public", "none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleNames:
    """The names of the roles.

    Attributes:
        migrator: Owns the objects of the schema, and changes them.
        application: Reads and writes rows.
        reader: Reads rows.
    """

    migrator: str
    application: str
    reader: str

    @classmethod
    def of(cls, database: str, *, migrator: str = "", application: str = "", reader: str = "") -> Self:
        """The names that are given; the others begin with that of the database, since a server has roles once.

        Raises:
            SchemaToolsError: A name cannot be that of a role, or two are the same.
        """
        names = cls(
            migrator=migrator or f"{database}_migrator",
            application=application or f"{database}_application",
            reader=reader or f"{database}_reader",
        )
        for name, count in Counter(astuple(names)).items():
            if count > 1:
                raise SchemaToolsError(f"the three roles need three names, and {name} is there {count} times")
            # https://www.postgresql.org/docs/current/sql-createrole.html
            if len(name.encode()) > _MAX_BYTES or "\0" in name or name.startswith("pg_") or name in _RESERVED:
                raise SchemaToolsError(f"{name!r} cannot be the name of a role; give another one")
        return names
