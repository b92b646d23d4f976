"""What only the text of CREATE TABLE says in SQLite: constraints, collations, generated columns.

SQLite keeps a statement as it was written, and ALTER TABLE edits that text, so a table that was altered and one that
was made at once are read to the same declarations here (https://www.sqlite.org/schematab.html).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
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
    """Tokens as one line, the same for the same tokens."""
    line = ""
    for part in parts:
        tight = not line or part in {")", ",", ".", ";"} or line.endswith(("(", "."))
        call = part == "(" and re.search(r"[a-z_]$", line) is not None
        line += part if tight or call else f" {part}"
    return line


def table_declaration(sql: str) -> TableDeclaration:
    """What `sql`, the text of a CREATE TABLE, declares."""
    parts = tokens(sql)
    declaration = TableDeclaration(autoincrement="AUTOINCREMENT" in map(str.upper, parts))
    begin = parts.index("(")
    for item in _split(parts[begin + 1 : _closing(parts, begin)]):
        if item[0].upper() in {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"}:
            declaration.constraints += _constraints(item, column=None)
        else:
            _add_column(declaration, item)
    return declaration


def _add_column(declaration: TableDeclaration, item: list[str]) -> None:
    column = ColumnDeclaration(worded(item))
    declaration.columns[unquoted(item[0])] = column
    upper = [one.upper() for one in item]
    depth = 0
    for index, word in enumerate(upper):
        depth += (word == "(") - (word == ")")
        if depth == 0 and word == "COLLATE":
            column.collation = item[index + 1].upper()
        elif depth == 0 and word == "AS":
            closing = _closing(item, index + 1)
            kind = "STORED" if "STORED" in upper[closing:] else "VIRTUAL"
            column.generated = f"{worded(item[index + 1 : closing + 1])} {kind}"
    declaration.constraints += _constraints(item[1:], column=item[0])


def _constraints(item: list[str], *, column: str | None) -> Iterator[Constraint]:
    """The constraints in `item`, a constraint of the table, or what follows a column's name."""
    name: str | None = None
    index = 0
    while index < len(item):
        word = item[index].upper()
        if word == "CONSTRAINT":
            name = unquoted(item[index + 1])
            index += 2
            continue
        if word in _BEGINNINGS:
            end = _end(item, index + 1)
            yield Constraint(_BEGINNINGS[word], name, _definition(item[index:end], column))
            index = end
        elif word in {"DEFAULT", "AS"} and index + 1 < len(item) and item[index + 1] == "(":
            index = _closing(item, index + 1) + 1
        else:
            index += 1
        name = None if word not in {"NOT", "NULL"} else name


_BEGINNINGS: Final = {
    "PRIMARY": "primary key",
    "UNIQUE": "unique constraint",
    "CHECK": "check constraint",
    "FOREIGN": "foreign key",
    "REFERENCES": "foreign key",
}

_FOLLOWING: Final = {*_BEGINNINGS, "CONSTRAINT", "NOT", "DEFAULT", "COLLATE", "GENERATED", "AS"}


def _end(item: list[str], index: int) -> int:
    """Where the constraint that began before `index` ends: before the next one."""
    foreign = item[index - 1].upper() == "FOREIGN"
    while index < len(item):
        word = item[index].upper()
        if word == "(":
            index = _closing(item, index) + 1
            continue
        if word == "NOT" and item[index + 1 : index + 2] and item[index + 1].upper() == "DEFERRABLE":
            index += 2
            continue
        # ON DELETE SET DEFAULT is part of a reference.
        part_of_it = (foreign and word == "REFERENCES") or item[index - 1].upper() == "SET"
        if word in _FOLLOWING and not part_of_it:
            return index
        index += 1
    return index


def _definition(part: list[str], column: str | None) -> str:
    words = [one for one in part if one.upper() not in {"AUTOINCREMENT", "ASC"}]
    if column is not None:
        first = words[0].upper()
        if first == "REFERENCES":
            words = ["FOREIGN", "KEY", "(", column, ")", *words]
        elif first == "UNIQUE":
            words = ["UNIQUE", "(", column, ")", *words[1:]]
        elif first == "PRIMARY":
            words = ["PRIMARY", "KEY", "(", column, ")", *words[2:]]
    return worded(words)


def _unquoted(token: str) -> str:
    if token[0] == "[":
        token = '"' + token[1:-1].replace('"', '""') + '"'
    elif token[0] == "`":
        token = '"' + token[1:-1].replace("``", "`").replace('"', '""') + '"'
    name = token[1:-1]
    plain = token[0] == '"' and _PLAIN.fullmatch(name) and name.lower() not in _RESERVED
    return name if plain else token


def _closing(parts: list[str], begin: int) -> int:
    """Where the parenthesis that opens at `begin` closes."""
    depth = 0
    for index in range(begin, len(parts)):
        depth += (parts[index] == "(") - (parts[index] == ")")
        if depth == 0:
            return index
    return len(parts)


def _split(parts: list[str]) -> Iterator[list[str]]:
    """The parts between the commas that are in no parenthesis."""
    depth, item = 0, list[str]()
    for part in parts:
        depth += (part == "(") - (part == ")")
        if part == "," and depth == 0:
            yield item
            item = []
        else:
            item.append(part)
    if item:
        yield item
