"""Columns and constraints, as the parse tree of CREATE TABLE and ALTER TABLE has them."""

from typing import Any, Final

from pglast import enums

from schema_tools.lint.definitions import ColumnFacts, ConstraintFacts, ConstraintKind
from schema_tools.lint.syntax import column, expression, printed, proven_not_null, relation, sql_type, strings, walk

_KINDS: Final = {
    enums.ConstrType.CONSTR_CHECK: ConstraintKind.CHECK,
    enums.ConstrType.CONSTR_EXCLUSION: ConstraintKind.EXCLUDE,
    enums.ConstrType.CONSTR_FOREIGN: ConstraintKind.FOREIGN_KEY,
    enums.ConstrType.CONSTR_NOTNULL: ConstraintKind.NOT_NULL,
    enums.ConstrType.CONSTR_PRIMARY: ConstraintKind.PRIMARY_KEY,
    enums.ConstrType.CONSTR_UNIQUE: ConstraintKind.UNIQUE,
}
_SUFFIXES: Final = {
    ConstraintKind.CHECK: "check",
    ConstraintKind.EXCLUDE: "excl",
    ConstraintKind.FOREIGN_KEY: "fkey",
    ConstraintKind.NOT_NULL: "not_null",
    ConstraintKind.PRIMARY_KEY: "pkey",
    ConstraintKind.UNIQUE: "key",
}
_GENERATED: Final = {"s": "stored", "v": "virtual"}


def column_facts(table: str, node: Any) -> ColumnFacts:
    """A column of `table`."""
    constraints = node.constraints or ()
    kinds = {one.contype: one for one in constraints}
    default = kinds.get(enums.ConstrType.CONSTR_DEFAULT)
    generated = kinds.get(enums.ConstrType.CONSTR_GENERATED)
    identity = enums.ConstrType.CONSTR_IDENTITY in kinds
    sure = {enums.ConstrType.CONSTR_NOTNULL, enums.ConstrType.CONSTR_PRIMARY, enums.ConstrType.CONSTR_IDENTITY}
    return ColumnFacts(
        name=node.colname,
        type=sql_type(node.typeName),
        not_null=bool(sure & set(kinds)),
        default=expression(default.raw_expr) if default is not None else None,
        identity=identity,
        generated=_GENERATED.get(generated.generated_kind, "stored") if generated is not None else "",
        expression=printed(generated.raw_expr) if generated is not None else "",
        constraints=tuple(
            constraint_facts(table, one, (node.colname,))
            for one in constraints
            if one.contype in _KINDS and one.contype != enums.ConstrType.CONSTR_NOTNULL
        ),
    )


def constraint_facts(table: str, node: Any, columns: tuple[str, ...] = ()) -> ConstraintFacts:
    """A constraint of `table`; `columns` is the column that it stands behind, if any."""
    kind = _KINDS[node.contype]
    own = columns or strings(node.fk_attrs if kind is ConstraintKind.FOREIGN_KEY else node.keys)
    named = own or _mentioned(node.raw_expr)
    chosen = _default_name(table, kind, named)
    return ConstraintFacts(
        kind=kind,
        name=node.conname or chosen,
        columns=() if kind is ConstraintKind.CHECK else own,
        validated=not node.skip_validation,
        index=node.indexname,
        target=relation(node.pktable) if node.pktable is not None else None,
        not_null=_not_null(kind, node, own),
        definition=_definition(node, own, kind),
    )


def _not_null(kind: ConstraintKind, node: Any, columns: tuple[str, ...]) -> frozenset[str]:
    if kind is ConstraintKind.CHECK:
        return proven_not_null(node.raw_expr)
    return frozenset(columns) if kind in {ConstraintKind.NOT_NULL, ConstraintKind.PRIMARY_KEY} else frozenset()


def _definition(node: Any, columns: tuple[str, ...], kind: ConstraintKind) -> str:
    """The constraint's text as that of a table, without its name and without NOT VALID."""
    name, node.conname = node.conname, None
    words = printed(node).removesuffix(" NOT VALID")
    node.conname = name
    if kind is ConstraintKind.FOREIGN_KEY and not words.startswith("FOREIGN KEY"):
        words = f"FOREIGN KEY ({', '.join(columns)}) {words}"
    return words


def _mentioned(condition: Any) -> tuple[str, ...]:
    found = [column(one) for one in walk(condition)]
    return tuple(dict.fromkeys(name for name in found if name))


def _default_name(table: str, kind: ConstraintKind, columns: tuple[str, ...]) -> str:
    """The name that PostgreSQL chooses: `<table>_<columns>_<kind>`."""
    middle = () if kind is ConstraintKind.PRIMARY_KEY else columns[:1] if kind is ConstraintKind.CHECK else columns
    return "_".join([table.rpartition(".")[2], *middle, _SUFFIXES[kind]])
