"""Small readings of PostgreSQL's parse tree: names, types, expressions, conditions."""

from collections.abc import Iterator
from typing import Any, Final

from pglast import ast, enums
from pglast.stream import RawStream

from schema_tools.lint.definitions import Expression, SqlType

_KIND: Final = enums.A_Expr_Kind
_COMPARISONS: Final = frozenset({_KIND.AEXPR_OP, _KIND.AEXPR_IN, _KIND.AEXPR_OP_ANY, _KIND.AEXPR_BETWEEN})


def printed(node: Any) -> str:
    """A node of the parse tree, or several with commas between them, as SQL in one line; empty without one."""
    if isinstance(node, tuple):
        return ", ".join(printed(one) for one in node)
    return str(RawStream()(node)) if node is not None else ""


def walk(node: Any) -> Iterator[Any]:
    """A node and everything below it."""
    if isinstance(node, tuple):
        for one in node:
            yield from walk(one)
    elif isinstance(node, ast.Node):
        yield node
        for name in node:
            yield from walk(getattr(node, name))


def relation(node: Any) -> str:
    """The name of a table, `public` left out."""
    return node.relname if node.schemaname in {None, "public"} else f"{node.schemaname}.{node.relname}"


def dotted(parts: Any) -> str:
    """A name that is given in parts, `public` and `pg_catalog` left out."""
    words = [part.sval for part in parts]
    return ".".join(words[1:] if len(words) > 1 and words[0] in {"public", "pg_catalog"} else words)


def strings(parts: Any) -> tuple[str, ...]:
    """The texts of a list."""
    return tuple(part.sval for part in parts or ())


def sql_type(node: Any) -> SqlType:
    """A type."""
    constants = [mod.val for mod in node.typmods or () if isinstance(mod, ast.A_Const)]
    modifiers = tuple(int(one.ival or 0) for one in constants if isinstance(one, ast.Integer))
    return SqlType(name=dotted(node.names), modifiers=modifiers, is_array=bool(node.arrayBounds), sql=printed(node))


def expression(node: Any) -> Expression | None:
    """An expression, if there is one."""
    if node is None:
        return None
    called = {dotted(one.funcname) for one in walk(node) if isinstance(one, ast.FuncCall)}
    return Expression(sql=printed(node), functions=frozenset(called))


def literals(node: Any) -> frozenset[str]:
    """Every text constant in it."""
    constants = (one.val for one in walk(node) if isinstance(one, ast.A_Const))
    return frozenset(one.sval or "" for one in constants if isinstance(one, ast.String))


def proven_not_null(condition: Any) -> frozenset[str]:
    """The columns that are not null wherever `condition` is true."""
    tests = [one for one in _conjuncts(condition) if isinstance(one, ast.NullTest)]
    found = {column(one.arg) for one in tests if one.nulltesttype == enums.NullTestType.IS_NOT_NULL}
    return frozenset(found - {""})


def column(node: Any) -> str:
    """The column that an expression is, or empty when it is anything else."""
    if isinstance(node, ast.ColumnRef) and node.fields and isinstance(node.fields[-1], ast.String):
        return node.fields[-1].sval or ""
    return ""


def is_cast_of(node: Any, name: str) -> bool:
    """Whether it is the column `name`, or a cast of it."""
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return column(node) == name


def is_bounded(condition: Any) -> bool:
    """Whether it limits the rows itself: by a subquery with LIMIT, or by a lower and an upper bound of a column."""
    if any(isinstance(one, ast.SelectStmt) and one.limitCount is not None for one in walk(condition)):
        return True
    found = [_comparison(one) for one in _conjuncts(condition)]
    upper = {name for name, operator in found if name and operator in {"<", "<="}}
    lower = {name for name, operator in found if name and operator in {">", ">="}}
    return bool(upper & lower) or any(operator == "BETWEEN" for _, operator in found)


def compared(condition: Any) -> frozenset[str]:
    """The columns that must equal a constant, or one of several."""
    found = set()
    for one in _conjuncts(condition):
        name, operator = _comparison(one)
        if operator == "=" and not any(isinstance(part, (ast.SubLink, ast.ColumnRef)) for part in walk(one.rexpr)):
            found.add(name)
    return frozenset(found - {""})


def _comparison(node: Any) -> tuple[str, str]:
    """The column and the operator of `c > x`, or of `v IS NULL OR c > x`."""
    if isinstance(node, ast.BoolExpr) and node.boolop == enums.BoolExprType.OR_EXPR:
        rest = [one for one in node.args or () if not isinstance(one, ast.NullTest)]
        return _comparison(rest[0]) if len(rest) == 1 else ("", "")
    known = isinstance(node, ast.A_Expr) and node.kind in _COMPARISONS
    return (column(node.lexpr), dotted(node.name)) if known else ("", "")


def _conjuncts(node: Any) -> Iterator[Any]:
    if isinstance(node, ast.BoolExpr) and node.boolop == enums.BoolExprType.AND_EXPR:
        for one in node.args or ():
            yield from _conjuncts(one)
    elif node is not None:
        yield node
