"""Reading SQL: each statement of a text, and what it does, by PostgreSQL's own parser.

pglast is that parser (of PostgreSQL 18, whose grammar is that of the releases before and more), and a dependency of
development only.
"""

import json
from collections.abc import Iterator
from typing import Any

from pglast import ast, enums, parse_plpgsql, parse_sql
from pglast.parser import ParseError

from schema_tools.lint.actions import Action, CannotParse, Cascade, ExecuteText
from schema_tools.lint.rule import Step
from schema_tools.lint.statements import read_statement
from schema_tools.lint.syntax import literals, printed, relation


def read(sql: str) -> list[Step]:
    """Every statement of `sql`, what it does and the text constants in it: a step whose place is not known yet."""
    try:
        parsed = parse_sql(sql)
    except ParseError as error:
        return [_unparsable(sql.strip(), error)]
    found = []
    for raw in parsed:
        begin = raw.stmt_location or 0
        end = begin + raw.stmt_len if raw.stmt_len else len(sql)
        text = sql[begin:end].strip().rstrip(";").rstrip()
        if isinstance(raw.stmt, ast.DoStmt):
            found.append(_block(text))
        else:
            done = (*read_statement(raw.stmt), *_cascades(raw.stmt))
            found.append(Step(sql=text, actions=done, literals=literals(raw.stmt)))
    return found


def _block(sql: str) -> Step:
    """A DO block: what the statements in it do."""
    try:
        tree = parse_plpgsql(sql)
    except (ParseError, json.JSONDecodeError) as error:
        return _unparsable(sql, error)
    inner = list(_embedded(tree))
    return Step(
        sql=sql,
        actions=tuple(action for one in inner for action in one.actions),
        literals=frozenset(literal for one in inner for literal in one.literals),
    )


def _unparsable(sql: str, error: Exception) -> Step:
    problem = " ".join(str(error.args[0] if error.args else error).split())
    return Step(sql=sql, actions=(CannotParse(problem=problem),))


def _embedded(tree: Any) -> Iterator[Step]:
    """The statements in PL/pgSQL's tree; one of its own for what is put together when it runs."""
    if isinstance(tree, list):
        for one in tree:
            yield from _embedded(one)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            if name in {"PLpgSQL_stmt_execsql", "PLpgSQL_stmt_perform"}:
                yield from read((value.get("sqlstmt") or value["expr"])["PLpgSQL_expr"]["query"])
            elif name in {"PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"}:
                text = value["query"]["PLpgSQL_expr"]["query"]
                yield Step(sql=text, actions=(ExecuteText(text=text),))
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
    yield Cascade(without=printed(node), tables=tuple(map(relation, named)))
