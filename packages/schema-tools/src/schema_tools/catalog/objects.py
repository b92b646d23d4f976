"""What a catalog consists of, and how two of them differ: the same words for every kind of object and database."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final, TypeAlias

# A name in SQL may be quoted, and have a dot in it then; the types of a function's arguments are no schemas.
_SCHEMA: Final = re.compile(r'(?:"(?:[^"]|"")*"|[^".(]+)\.(?=[^.])')


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogObject:
    """A table, a column, a constraint, an index, a trigger: anything that a migration can make.

    Statements are without the semicolon at their end; where there are several, one stands between them.

    Attributes:
        kind: What it is, in one or two lower-case words: `table`, `column`, `check constraint`, `enum`.
        name: Its name as SQL has it, its table's before it where it belongs to one: `books.title`; of a function, with
            the types of its arguments.
        table: The name of the table (or view, or domain) that it belongs to, as SQL has it, or None.
        aspects: What is true of it, in the catalog's own text: `{"type": "character varying(255)"}`. Two databases
            have the same object when all of these are equal.
        create: The statement that makes it, without the objects that belong to it; that of a table has its columns.
        drop: The statement that drops it; empty where it cannot be dropped by itself.
        alter: By aspect, the statement that gives the aspect the value it has here. What has none is dropped and made
            again.
        reset: By aspect, the statement that takes the value it has here away, where that must happen before another
            is given.
        rename: The statement that gives it another name, up to that name; empty where there is none.
        needs: The labels of the objects of the same schema that must be there before it.
    """

    kind: str
    name: str
    table: str | None
    aspects: Mapping[str, str]
    create: str
    drop: str
    alter: Mapping[str, str] = field(default_factory=dict)
    reset: Mapping[str, str] = field(default_factory=dict)
    rename: str = ""
    needs: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """For people, and unique in a catalog: `column books.title`."""
        return f"{self.kind} {self.name}"

    @property
    def own_name(self) -> str:
        """Its name without that of its table or, where it has none, of its schema."""
        return self.name.removeprefix(f"{self.table}.") if self.table else self.name.removeprefix(self.schema)

    @property
    def schema(self) -> str:
        """Its schema, with a dot behind it, where names have one; of an object of a table, the table's."""
        found = _SCHEMA.match(self.table or self.name)
        return found[0] if found else ""


Catalog: TypeAlias = Mapping[str, CatalogObject]
"""The objects of a schema by their labels, in an order in which they can be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that differs between the schema that is expected and the one that was found.

    Attributes:
        object: The label of the object: `column books.title`.
        aspect: What of it differs, such as `type`; `existence` when one side does not have it.
        expected: The catalog's text on the expected side, None where it is not there.
        found: The same on the other side.
        fix: The statement, or statements, that would make what was found what is expected, each with its semicolon.
            Lines that begin with `--` say what no statement can do, or what it costs, or destroy what was found.
    """

    object: str
    aspect: str
    expected: str | None
    found: str | None
    fix: str

    @property
    def sentence(self) -> str:
        """The difference in a line, without its fix."""
        expected, found = self.expected or "none", self.found or "none"
        return " ".join(f"{self.object}, {self.aspect}: expected {expected}, found {found}".split())

    def as_document(self) -> dict[str, str | None]:
        """The difference as JSON has it."""
        return asdict(self)
