"""What only the text of CREATE TABLE says in SQLite: constraints, collations, generated columns.

SQLite keeps a statement as it was written, and ALTER TABLE edits that text, so a table that was altered and one that
was made at once are read to the same declarations here (https://www.sqlite.org/schematab.html).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from schema_tools.catalog.statements import unquoted

_TOKEN: Final = re.compile(
    r"""--[^\n]*|/\*.*?\*/|\s+ |(?P<token> x?'(?:[^']|'')*' | "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\]
    | [^\W\d][\w$]* | \d[\w.]* | \.\d\w* | \|\| | <> | <= | >= | == | != | << | >> | ->>? | . )""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_PLAIN: Final = re.compile(r"[^\W\d][\w$]*")

# Without quotes these are no names: those of https://www.sqlite.org/lang_keywords.html that have no fallback in its
# parse.y, and what would be a value or the beginning of a constraint.
_RESERVED: Final = frozenset({
    "add", "all", "alter", "and", "as", "autoincrement", "between", "case", "check", "collate", "commit", "constraint",
    "create", "current_date", "current_time", "current_timestamp", "default", "deferrable", "delete", "distinct",
    "drop", "else", "escape", "except", "exists", "false", "foreign", "from", "group", "having", "in", "index",
    "insert", "intersect", "into", "is", "isnull", "join", "limit", "not", "nothing", "notnull", "null", "on", "or",
    "order", "primary", "references", "returning", "select", "set", "table", "then", "to", "transaction", "true",
    "union", "unique", "update", "using", "values", "when", "where",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint, in the form that it has for a whole table: `UNIQUE (email)`."""

    kind: str
    name: str | None
    definition: str


@dataclass(slots=True)
class ColumnDeclaration:
    """A column: its text, and what of it no pragma says."""

    text: str
    collation: str | None = None
    generated: str | None = None


@dataclass(slots=True)
class TableDeclaration:
    """A table: its columns by name, its constraints, and whether it never gives an id out twice."""

    columns: dict[str, ColumnDeclaration] = field(default_factory=dict)
    constraints: list[Constraint] = field(default_factory=list)
    autoincrement: bool = False


def tokens(sql: str) -> list[str]:
    """The tokens of a statement, without space and comments, and with names unquoted where that is the same name."""
    return [_unquoted(found["token"]) for found in _TOKEN.finditer(sql) if found["token"]]


def worded(parts: list[str]) -> str:
    """Tokens as one line, the same for the same tokens. Some may be whole parentheses, worded already."""
    line = ""
    for part in parts:
        tight = not line or part in {")", ",", ".", ";"} or line.endswith(("(", "."))
        call = part.startswith("(") and re.search(r"[a-z_]$", line) is not None
        line += part if tight or call else f" {part}"
    return line


def table_declaration(sql: str) -> TableDeclaration:
    """What `sql`, the text of a CREATE TABLE, declares."""
    parts = tokens(sql)
    declaration = TableDeclaration(autoincrement="AUTOINCREMENT" in map(str.upper, parts))
    for item in _items(parts[parts.index("(") + 1 :]):
        if item[0].upper() in {*_KINDS, "CONSTRAINT"}:
            declaration.constraints += _constraints(_clauses(item))
        else:
            clauses = _clauses(item[1:])
            declaration.columns[unquoted(item[0])] = _column(worded(item), clauses)
            declaration.constraints += _constraints(clauses, column=item[0])
    return declaration


def _items(parts: list[str]) -> list[list[str]]:
    """What the commas separate, up to the parenthesis that closes; a parenthesis within an item is one part of it."""
    items: list[list[str]] = [[]]
    inner: list[str] = []
    depth = 0
    for part in parts:
        depth += (part == "(") - (part == ")")
        if depth < 0:
            break
        if depth > 0 or part == ")":
            inner.append(part)
            if depth == 0:
                items[-1].append(worded(inner))
                inner = []
        elif part == ",":
            items.append([])
        else:
            items[-1].append(part)
    return items


_KINDS: Final = {
    "PRIMARY": "primary key",
    "UNIQUE": "unique constraint",
    "CHECK": "check constraint",
    "FOREIGN": "foreign key",
    "REFERENCES": "foreign key",
}

_FIRST_WORDS: Final = {*_KINDS, "CONSTRAINT", "NOT", "DEFAULT", "COLLATE", "GENERATED", "AS"}


def _clauses(item: list[str]) -> list[list[str]]:
    """The clauses in `item`, a constraint of the table, or what follows a column's name; without its type."""
    words = [*map(str.upper, item), ""]
    begins = [
        index
        for index, word in enumerate(words)
        if word in _FIRST_WORDS
        # These are within one: FOREIGN KEY (...) REFERENCES, NOT DEFERRABLE, ON DELETE SET DEFAULT.
        and not (word == "REFERENCES" and "FOREIGN" in words)
        and words[index : index + 2] != ["NOT", "DEFERRABLE"]
        and words[index - 1] != "SET"
    ]
    return [item[begin:end] for begin, end in pairwise([*begins, len(item)])]


def _column(text: str, clauses: list[list[str]]) -> ColumnDeclaration:
    column = ColumnDeclaration(text)
    for word, *rest in clauses:
        if word.upper() == "COLLATE":
            column.collation = rest[0].upper()
        elif word.upper() == "AS":
            kind = "STORED" if "STORED" in map(str.upper, rest) else "VIRTUAL"
            column.generated = f"{rest[0]} {kind}"
    return column


def _constraints(clauses: list[list[str]], column: str | None = None) -> Iterator[Constraint]:
    name: str | None = None
    for clause in clauses:
        word = clause[0].upper()
        if word == "CONSTRAINT":
            name = unquoted(clause[1])
        elif word in _KINDS:
            yield Constraint(_KINDS[word], name, _definition(clause, column))
            name = None
        elif word != "NOT":
            name = None


def _definition(part: list[str], column: str | None) -> str:
    if column is not None:
        first = part[0].upper()
        if first == "REFERENCES":
            part = [f"FOREIGN KEY ({column})", *part]
        elif first == "UNIQUE":
            part = [f"UNIQUE ({column})", *part[1:]]
        elif first == "PRIMARY":
            part = [f"PRIMARY KEY ({column})", *part[2:]]
    return worded([one for one in tokens(worded(part)) if one.upper() not in {"AUTOINCREMENT", "ASC"}])


def _unquoted(token: str) -> str:
    return quoted(token[1:-1].replace(token[-1] * 2, token[-1])) if token[0] in '"[`' else token


def quoted(name: str) -> str:
    """A name as SQL has it: in quotes where it would not be that name without them."""
    plain = _PLAIN.fullmatch(name) and name.lower() not in _RESERVED
    return name if plain else '"' + name.replace('"', '""') + '"'
