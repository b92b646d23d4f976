"""Reading SQL: each statement of a text, and what it does, by PostgreSQL's own parser.

pglast is that parser (of PostgreSQL 18, whose grammar is that of the releases before and more), and a dependency of
development only.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pglast import ast, enums, parse_plpgsql, parse_sql
from pglast.parser import ParseError

from schema_tools.lint.actions import Action, CannotParse, Cascade, ExecuteText
from schema_tools.lint.statements import read_statement
from schema_tools.lint.syntax import literals, printed, relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a text, what it does in order, and the text constants in it."""

    sql: str
    actions: tuple[Action, ...]
    literals: frozenset[str] = frozenset()


def read(sql: str) -> list[Statement]:
    """Every statement of `sql`."""
    try:
        parsed = parse_sql(sql)
    except ParseError as error:
        return [Statement(sql=sql.strip(), actions=(CannotParse(problem=_words(error)),))]
    return [_statement(one.stmt, _text(sql, one)) for one in parsed]


def _text(sql: str, raw: Any) -> str:
    begin = raw.stmt_location or 0
    end = begin + raw.stmt_len if raw.stmt_len else len(sql)
    return sql[begin:end].strip().rstrip(";").rstrip()


def _statement(node: Any, sql: str) -> Statement:
    if isinstance(node, ast.DoStmt):
        return _block(sql)
    actions = [*read_statement(node), *_cascades(node)]
    return Statement(sql=sql, actions=tuple(actions), literals=literals(node))


def _block(sql: str) -> Statement:
    """A DO block: what the statements in it do."""
    try:
        tree = parse_plpgsql(sql)
    except (ParseError, json.JSONDecodeError) as error:
        return Statement(sql=sql, actions=(CannotParse(problem=_words(error)),))
    inner = [one for text in _embedded(tree) for one in ([text] if isinstance(text, Statement) else read(text))]
    return Statement(
        sql=sql,
        actions=tuple(action for one in inner for action in one.actions),
        literals=frozenset(literal for one in inner for literal in one.literals),
    )


def _embedded(tree: Any) -> Iterator[str | Statement]:
    """The SQL in PL/pgSQL's tree; a statement of its own for what is put together when it runs."""
    if isinstance(tree, list):
        for one in tree:
            yield from _embedded(one)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            if name == "PLpgSQL_stmt_execsql":
                yield value["sqlstmt"]["PLpgSQL_expr"]["query"]
            elif name == "PLpgSQL_stmt_perform":
                yield value["expr"]["PLpgSQL_expr"]["query"]
            elif name in {"PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"}:
                text = value["query"]["PLpgSQL_expr"]["query"]
                yield Statement(sql=text, actions=(ExecuteText(text=text),))
                yield from _embedded(value.get("body"))
            else:
                yield from _embedded(value)


def _cascades(node: Any) -> Iterator[Action]:
    """CASCADE, once per statement, and the statement without it."""
    parts = [node, *(node.cmds or () if isinstance(node, ast.AlterTableStmt) else ())]
    said = [one for one in parts if getattr(one, "behavior", None) == enums.DropBehavior.DROP_CASCADE]
    if not said:
        return
    for one in said:
        one.behavior = enums.DropBehavior.DROP_RESTRICT
    named = [node.relation] if isinstance(node, ast.AlterTableStmt) else getattr(node, "relations", None) or ()
    yield Cascade(without=printed(node), tables=tuple(relation(one) for one in named))


def _words(error: Exception) -> str:
    return " ".join(str(error.args[0] if error.args else error).split())
