"""What a catalog consists of, and how two of them differ: the same words for every kind of object and database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogObject:
    """A table, a column, a constraint, an index, a trigger: anything that a migration can make.

    Attributes:
        kind: What it is, in one or two lower-case words: `table`, `column`, `check constraint`, `enum`.
        name: Its name, the table's before it where it belongs to one: `users.email`; of a function, with the types of
            its arguments.
        table: The table (or view) that it belongs to, or None.
        aspects: What is true of it, in the catalog's own text: `{"type": "character varying(255)"}`. Two databases
            have the same object when all of these are equal.
        create: The statement that makes it, without the objects that belong to it.
        drop: The statement that drops it.
    """

    kind: str
    name: str
    table: str | None
    aspects: Mapping[str, str]
    create: str
    drop: str

    @property
    def label(self) -> str:
        """For people, and unique in a catalog: `column users.email`."""
        return f"{self.kind} {self.name}"


Catalog: TypeAlias = Mapping[str, CatalogObject]
"""The objects of a schema by their labels, in an order in which they can be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that differs between the schema that is expected and the one that was found.

    Attributes:
        object: The label of the object: `column users.email`.
        aspect: What of it differs, such as `type`; `existence` when one side does not have it.
        expected: The catalog's text on the expected side, None where it is not there.
        found: The same on the other side.
        mend: The statement, or statements, that would make what was found what is expected.
    """

    object: str
    aspect: str
    expected: str | None
    found: str | None
    mend: str
