"""The shape of a table: all that decides which rows it accepts."""

from dataclasses import dataclass
from typing import NamedTuple


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
        source: What fills it in: `writer`; `default`, where the writer omits it; `counter`, an identity or a sequence;
            `database` for a generated column.
    """

    name: str
    type: ValueType
    nullable: bool
    source: str


class CheckShape(NamedTuple):
    """A condition on the columns of a row."""

    name: str
    columns: tuple[str, ...]
    condition: str


class ReferenceShape(NamedTuple):
    """A foreign key: `columns` hold what a row of `table` has in `referred`."""

    name: str
    columns: tuple[str, ...]
    table: str
    referred: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """A table.

    Attributes:
        name: Its name, without quotes, qualified by its schema unless that is the first on the search path.
        checks: Every CHECK; of a partitioned table also the bounds of its partitions.
        keys: The columns of every primary key, unique constraint or index, and exclusion constraint.
        primary_key: Empty when there is none.
    """

    name: str
    sql: str
    columns: tuple[ColumnShape, ...]
    checks: tuple[CheckShape, ...]
    keys: tuple[tuple[str, ...], ...]
    primary_key: tuple[str, ...]
    references: tuple[ReferenceShape, ...]

    def column(self, name: str) -> ColumnShape:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    def demands(self, reference: ReferenceShape) -> bool:
        """Whether every row must refer to one by `reference`."""
        return not any(self.column(name).nullable for name in reference.columns)


def quoted(name: str) -> str:
    """`name` as an identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'
