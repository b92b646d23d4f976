"""Triggers and functions as a database keeps them: Alembic does not see these, so the catalog is read here."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, event

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.reading import read_catalog
from schema_tools.catalog.statements import unquoted


@dataclass(frozen=True, slots=True)
class CodeObject:
    """A trigger of `table`, or a function, whose name has the types of its arguments.

    Databases are compared by `definition`, the catalog's own text; `statement` makes the object, in its author's words
    where they are known.
    """

    kind: Literal["function", "trigger"]
    name: str
    table: str | None
    definition: str
    statement: str
    drop: str

    @property
    def label(self) -> str:
        """For people: `trigger touch on books`."""
        return f"{self.kind} {self.name}" + (f" on {self.table}" if self.table else "")

    def mentions(self, table: str) -> bool:
        """Whether the object belongs to `table` or has its name in its text."""
        return self.table == table or re.search(rf"\b{re.escape(table)}\b", self.definition) is not None


StoredCode = Mapping[str, CodeObject]
"""Every trigger and function of a database by its label, functions first."""


def stored_code(connection: Connection) -> StoredCode:
    """The triggers and functions of the database, in the schema that comes first on the search path."""
    # The catalog has functions before triggers, which need them.
    catalog = read_catalog(connection).values()
    code = [_code(one) for one in catalog if one.kind in {"function", "procedure", "trigger"}]
    return {one.label: one for one in code}


def in_authors_words(code: StoredCode, statements: list[str]) -> StoredCode:
    """`code`, where an object that one of `statements` made is made by that statement.

    The catalog's text of it means the same, and is harder to read.
    """
    written = {label: statement for statement in statements if (label := _label_of(statement))}
    overloads = Counter(map(_without_arguments, code))
    unambiguous = {name: statement for name, statement in written.items() if overloads[name] == 1}
    return {
        label: replace(one, statement=unambiguous.get(_without_arguments(label), one.statement))
        for label, one in code.items()
    }


@contextmanager
def recorded_statements() -> Iterator[list[str]]:
    """The statements that make functions and triggers, recorded while the context lasts, on every connection."""
    statements: list[str] = []

    def record(connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        if _label_of(statement):
            doubled = connection.dialect.paramstyle in {"format", "pyformat"}
            statements.append((statement.replace("%%", "%") if doubled else statement).strip())

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", record)


# Only a function that may be replaced is taken in its author's words, so that a revision can change it in place.
_CREATE_FUNCTION: Final = re.compile(
    r'\s*CREATE\s+OR\s+REPLACE\s+(?:FUNCTION|PROCEDURE)\s+("[^"]+"|\w+)\s*\(', re.IGNORECASE
)
_CREATE_TRIGGER: Final = re.compile(
    r'\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\s+("[^"]+"|\w+)\s.*?\sON\s+"?([^"\s]+)"?\s',
    re.IGNORECASE | re.DOTALL,
)


def _label_of(statement: str) -> str | None:
    """The label, without arguments, of what `statement` makes; None when it makes neither function nor trigger."""
    if found := _CREATE_FUNCTION.match(statement):
        return f"function {found[1]}"
    if found := _CREATE_TRIGGER.match(statement):
        return f"trigger {found[1]} on {found[2]}"
    return None


def _without_arguments(label: str) -> str:
    return label.partition("(")[0] if label.startswith("function ") else label


def _code(one: CatalogObject) -> CodeObject:
    definition = one.aspects["definition"]
    if one.table is None:
        return CodeObject("function", one.name, None, definition, definition, one.drop)
    return CodeObject("trigger", one.own_name, unquoted(one.table), definition, one.create, one.drop)
