"""The names that indexes and constraints of a mapping have in PostgreSQL, also where SQLAlchemy cannot tell them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from sqlalchemy import Constraint, Index, MetaData
from sqlalchemy.exc import IdentifierError, InvalidRequestError
from sqlalchemy.schema import conv

from schema_tools.catalog.statements import unquoted
from schema_tools.dialects import DIALECTS

Named: TypeAlias = Index | Constraint

# NAMEDATALEN less one: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
LONGEST_NAME: Final = 63


def truncated(name: str) -> str:
    """The name as PostgreSQL has it, which cuts it at 63 bytes."""
    return name.encode()[:LONGEST_NAME].decode(errors="ignore")


def database_name(item: Named) -> str | None:
    """The name, by the mapping's naming convention and shortened as SQLAlchemy does it; None where there is none.

    A name that was given is as it was given, even where PostgreSQL cuts it off.
    """
    if item.name is None:
        return None
    try:
        formatted = DIALECTS["postgresql"].identifier_preparer.format_constraint(item)
    except IdentifierError:
        return str(item.name)
    except InvalidRequestError:
        # The convention wants a name, as of the CHECK of a Boolean, that was not given.
        return None
    return unquoted(formatted) if formatted else None


def words_for(item: Named) -> str:
    """Its name, or what it is on where it has none, such as `index on notes (title)`."""
    name = database_name(item)
    if name is not None:
        return name
    table: Any = item.table
    columns = ", ".join(str(column.name) for column in getattr(item, "columns", ()))
    return f"{item.__visit_name__.replace('_', ' ')} on {table.fullname}" + (f" ({columns})" if columns else "")


@contextmanager
def names_given(items: Iterable[Named]) -> Iterator[None]:
    """Give the items names that SQLAlchemy can compile, while the context lasts.

    An index without a name has the one of SQLAlchemy's own convention, a constraint without one is named by the
    database, and a name that is too long is cut off as PostgreSQL does it.
    """
    before = [(item, item.name) for item in items]
    try:
        for item, _ in before:
            item.name = _compilable(item)
        yield
    finally:
        for item, name in before:
            item.name = name


def named_items(metadata: MetaData) -> Iterator[Named]:
    """Every index and constraint of the tables."""
    for table in metadata.tables.values():
        yield from table.indexes
        yield from table.constraints


def invented_names(metadata: MetaData) -> frozenset[str]:
    """The names that `names_given` gives to indexes of which the mapping says none: another one is as good."""
    nameless = (one for table in metadata.tables.values() for one in table.indexes if database_name(one) is None)
    return frozenset(_invented(one) for one in nameless)


def _compilable(item: Named) -> Any:
    name = database_name(item)
    if name is None:
        return conv(_invented(item)) if isinstance(item, Index) else None
    # What SQLAlchemy would shorten or complete is left to it, since other dialects do it otherwise.
    return conv(truncated(name)) if len(name.encode()) > LONGEST_NAME else item.name


def _invented(index: Index) -> str:
    columns = [str(column.name) for column in index.columns] or ["expr"]
    return truncated("_".join(("ix", index.table.name, *columns) if index.table is not None else ("ix", *columns)))
