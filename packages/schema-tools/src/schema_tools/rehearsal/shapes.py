"""The shape of a table, as far as a row of it must know: columns with their types, checks, keys and references."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueType:
    """The type of a value.

    Attributes:
        name: As a cast has it: `numeric(10,2)`; empty where a value needs no cast.
        family: What it is made of, by PostgreSQL's short name (`int4`, `varchar`), or `enum`, `array`, `range`,
            `multirange`, `composite`. A domain has the family of what it is a domain over.
        bare: Of a domain, the name of what it is a domain over.
        limits: The length of a string or bit string; precision and scale of a number; empty when there is none.
        element: What an array or a range consists of.
        checks: The conditions of a domain on `VALUE`.
        nullable: False for a domain that is NOT NULL.
    """

    name: str
    family: str
    bare: str = ""
    limits: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    element: "ValueType | None" = None
    fields: tuple["ValueType", ...] = ()
    checks: tuple[str, ...] = ()
    nullable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnShape:
    """A column.

    Attributes:
        source: Who fills it in: the `writer`; a `default` where the writer leaves it out; a `counter`, an identity or
            a sequence, which is left to count; the `database` alone, for a generated column.
    """

    name: str
    type: ValueType
    nullable: bool
    source: Literal["writer", "default", "counter", "database"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckShape:
    """A condition on the columns of a row."""

    name: str
    columns: tuple[str, ...]
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyShape:
    """Columns that no two rows have alike, or that exclude each other in another way."""

    name: str
    columns: tuple[str, ...]
    primary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceShape:
    """A foreign key: `columns` hold what a row of `table` has in `referred`."""

    name: str
    columns: tuple[str, ...]
    table: str
    referred: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """A table.

    Attributes:
        name: Its name, without quotes; with the schema's before it where that is not the first on the search path.
        checks: Every CHECK; of a partitioned table also what its partitions take.
        keys: Every primary key, unique constraint or index, and exclusion constraint.
    """

    name: str
    sql: str
    columns: tuple[ColumnShape, ...]
    checks: tuple[CheckShape, ...] = ()
    keys: tuple[KeyShape, ...] = ()
    references: tuple[ReferenceShape, ...] = ()

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns of the primary key; none when there is no key."""
        return next((key.columns for key in self.keys if key.primary), ())

    def column(self, name: str) -> ColumnShape:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    def demands(self, reference: ReferenceShape) -> bool:
        """Whether every row must refer to one by `reference`."""
        return not any(self.column(name).nullable for name in reference.columns)


def quoted(name: str) -> str:
    """`name` as an identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'
