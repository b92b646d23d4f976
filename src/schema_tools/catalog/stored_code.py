"""Triggers and functions as a database keeps them: Alembic does not see these, so the catalog is read here."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, Row, event, text


@dataclass(frozen=True, slots=True)
class CodeObject:
    """A trigger or a function.

    Attributes:
        kind: What it is.
        name: Its name; of a function, with the types of its arguments.
        table: The table of a trigger, None for a function.
        definition: The catalog's own text of it, which is what two databases are compared by.
        statement: The SQL that makes it, in its author's words where they are known.
        drop: The SQL that drops it.
    """

    kind: Literal["function", "trigger"]
    name: str
    table: str | None
    definition: str
    statement: str
    drop: str

    @property
    def label(self) -> str:
        """For people: `trigger touch on users`."""
        return f"{self.kind} {self.name}" + (f" on {self.table}" if self.table else "")

    def mentions(self, table: str) -> bool:
        """Whether the object belongs to `table` or has its name in its text."""
        return self.table == table or re.search(rf"\b{re.escape(table)}\b", self.definition) is not None


StoredCode = Mapping[str, CodeObject]
"""Every trigger and function of a database by its label, functions first."""

# Functions of extensions belong to the extension.
_FUNCTIONS: Final = """
SELECT quote_ident(p.proname) AS name, quote_ident(n.nspname) AS schema,
       pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_functiondef(p.oid) AS definition,
       CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS word
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = current_schema() AND p.prokind IN ('f', 'p', 'w')
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY p.proname, arguments
"""

_TRIGGERS: Final = """
SELECT quote_ident(t.tgname) AS name, quote_ident(c.relname) AS quoted_table, c.relname AS table,
       pg_get_triggerdef(t.oid, true) AS definition
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND c.relnamespace = current_schema()::regnamespace
ORDER BY c.relname, t.tgname
"""

_SQLITE_TRIGGERS: Final = """
SELECT name, tbl_name AS "table", sql AS definition FROM sqlite_master WHERE type = 'trigger' ORDER BY tbl_name, name
"""


def stored_code(connection: Connection) -> StoredCode:
    """The triggers and functions of the database, in the schema that comes first on the search path."""
    if connection.dialect.name == "sqlite":
        found = [_sqlite_trigger(row) for row in connection.execute(text(_SQLITE_TRIGGERS))]
    else:
        found = [_function(row) for row in connection.execute(text(_FUNCTIONS))]
        found += [_trigger(row) for row in connection.execute(text(_TRIGGERS))]
    return {one.label: one for one in found}


def in_authors_words(code: StoredCode, statements: list[str]) -> StoredCode:
    """`code`, where an object that one of `statements` made is made by that statement.

    The catalog's text of it means the same, and is harder to read.
    """
    written = {label: statement for statement in statements if (label := _label_of(statement))}
    unambiguous = {
        label: written[_without_arguments(label)]
        for label in code
        if _without_arguments(label) in written
        and sum(_without_arguments(other) == _without_arguments(label) for other in code) == 1
    }
    return {
        label: replace(one, statement=unambiguous[label]) if label in unambiguous else one
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


def _function(row: Row[Any]) -> CodeObject:
    name = f"{row.name}({row.arguments})"
    definition = row.definition.replace(f"{row.word} {row.schema}.", f"{row.word} ", 1).strip()
    return CodeObject("function", name, None, definition, definition, f"DROP {row.word} {name}")


def _trigger(row: Row[Any]) -> CodeObject:
    drop = f"DROP TRIGGER {row.name} ON {row.quoted_table}"
    return CodeObject("trigger", row.name, row.table, row.definition, row.definition, drop)


def _sqlite_trigger(row: Row[Any]) -> CodeObject:
    name = row.name if row.name.isidentifier() else '"' + row.name.replace('"', '""') + '"'
    return CodeObject("trigger", name, row.table, row.definition, row.definition, f"DROP TRIGGER {name}")
