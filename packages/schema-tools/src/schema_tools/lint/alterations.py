"""Columns, constraints and the parts of ALTER TABLE, read from the parse tree."""

import re
from collections.abc import Iterator
from typing import Any, Final

from pglast import enums

from schema_tools.lint import actions, syntax
from schema_tools.lint.actions import Action, short
from schema_tools.lint.definitions import ColumnFacts, ConstraintFacts, ConstraintKind

# Each kind of constraint, and how PostgreSQL ends the names that it chooses.
_KINDS: Final = {
    enums.ConstrType.CONSTR_CHECK: (ConstraintKind.CHECK, "check"),
    enums.ConstrType.CONSTR_EXCLUSION: (ConstraintKind.EXCLUDE, "excl"),
    enums.ConstrType.CONSTR_FOREIGN: (ConstraintKind.FOREIGN_KEY, "fkey"),
    enums.ConstrType.CONSTR_NOTNULL: (ConstraintKind.NOT_NULL, "not_null"),
    enums.ConstrType.CONSTR_PRIMARY: (ConstraintKind.PRIMARY_KEY, "pkey"),
    enums.ConstrType.CONSTR_UNIQUE: (ConstraintKind.UNIQUE, "key"),
}
_GENERATED: Final = {"s": "stored", "v": "virtual"}

_TYPE: Final = enums.AlterTableType

# The rest of ALTER TABLE takes ACCESS EXCLUSIVE: https://www.postgresql.org/docs/current/sql-altertable.html
_LIGHTER: Final = frozenset(
    {
        *(_TYPE.AT_SetStatistics, _TYPE.AT_SetOptions, _TYPE.AT_ResetOptions, _TYPE.AT_ClusterOn, _TYPE.AT_DropCluster),
        *(_TYPE.AT_SetRelOptions, _TYPE.AT_ResetRelOptions, _TYPE.AT_ReplaceRelOptions),
        *(kind for kind in _TYPE if re.match(r"AT_(Enable|Disable)\w*Trig", kind.name)),
    }
)
_STORAGE: Final = {
    _TYPE.AT_SetLogged: "SET LOGGED",
    _TYPE.AT_SetUnLogged: "SET UNLOGGED",
    _TYPE.AT_SetTableSpace: "SET TABLESPACE",
    _TYPE.AT_SetAccessMethod: "SET ACCESS METHOD",
}


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
        type=syntax.sql_type(node.typeName),
        not_null=bool(sure & set(kinds)),
        default=syntax.expression(getattr(default, "raw_expr", None)),
        identity=identity,
        generated=_GENERATED.get(generated.generated_kind, "stored") if generated is not None else "",
        expression=syntax.printed(getattr(generated, "raw_expr", None)),
        constraints=tuple(
            constraint_facts(table, one, (node.colname,))
            for one in constraints
            if one.contype in _KINDS and one.contype != enums.ConstrType.CONSTR_NOTNULL
        ),
    )


def constraint_facts(table: str, node: Any, columns: tuple[str, ...] = ()) -> ConstraintFacts:
    """A constraint of `table`; `columns` is the column that it stands behind, if any."""
    kind, suffix = _KINDS[node.contype]
    own = columns or syntax.strings(node.fk_attrs if kind is ConstraintKind.FOREIGN_KEY else node.keys)
    named = own or tuple(dict.fromkeys(filter(None, map(syntax.column, syntax.walk(node.raw_expr)))))
    # The name that PostgreSQL chooses: `<table>_<columns>_<kind>`.
    middle = () if kind is ConstraintKind.PRIMARY_KEY else named[:1] if kind is ConstraintKind.CHECK else named
    chosen = "_".join([short(table), *middle, suffix])
    not_null = syntax.proven_not_null(node.raw_expr) if kind is ConstraintKind.CHECK else frozenset()
    if kind in {ConstraintKind.NOT_NULL, ConstraintKind.PRIMARY_KEY}:
        not_null = frozenset(own)
    return ConstraintFacts(
        kind=kind,
        name=node.conname or chosen,
        columns=() if kind is ConstraintKind.CHECK else own,
        validated=not node.skip_validation,
        index=node.indexname,
        target=syntax.relation(node.pktable) if node.pktable is not None else None,
        not_null=not_null,
        definition=_definition(node, own, kind),
    )


def _definition(node: Any, columns: tuple[str, ...], kind: ConstraintKind) -> str:
    """The constraint's text as that of a table, without its name and without NOT VALID."""
    name, node.conname = node.conname, None
    words = syntax.printed(node).removesuffix(" NOT VALID")
    node.conname = name
    if kind is ConstraintKind.FOREIGN_KEY and not words.startswith("FOREIGN KEY"):
        words = f"FOREIGN KEY ({', '.join(columns)}) {words}"
    return words


def read_alterations(node: Any) -> Iterator[Action]:
    """What an ALTER TABLE does, one part after the other; of other kinds of object no rule speaks."""
    if node.objtype not in {enums.ObjectType.OBJECT_TABLE, enums.ObjectType.OBJECT_MATVIEW}:
        yield actions.Other(harmless=False)
        return
    table = syntax.relation(node.relation)
    for command in node.cmds or ():
        yield _alteration(table, command)


def _alteration(table: str, command: Any) -> Action:  # noqa: C901, PLR0911, PLR0912 -- one line for each part
    name, definition = command.name, command.def_
    match command.subtype:
        case _TYPE.AT_AddColumn:
            return actions.AddColumn(table=table, column=column_facts(table, definition))
        case _TYPE.AT_DropColumn:
            return actions.DropColumn(table=table, column=name)
        case _TYPE.AT_AlterColumnType:
            using = definition.raw_default
            return actions.ChangeType(
                table=table,
                column=name,
                type=syntax.sql_type(definition.typeName),
                using=syntax.printed(using),
                converts=using is not None and not syntax.is_cast_of(using, name),
            )
        case _TYPE.AT_ColumnDefault:
            return actions.ChangeDefault(table=table, column=name, default=syntax.expression(definition))
        case _TYPE.AT_SetNotNull | _TYPE.AT_DropNotNull as kind:
            return actions.ChangeNotNull(table=table, column=name, not_null=kind == _TYPE.AT_SetNotNull)
        case _TYPE.AT_SetExpression:
            return actions.SetExpression(table=table, column=name, expression=syntax.printed(definition))
        case _TYPE.AT_AddConstraint:
            return actions.AddConstraint(table=table, constraint=constraint_facts(table, definition))
        case _TYPE.AT_ValidateConstraint:
            return actions.ValidateConstraint(table=table, name=name)
        case _TYPE.AT_DropConstraint:
            return actions.DropConstraint(table=table, name=name)
        case _TYPE.AT_DetachPartition:
            concurrently = bool(definition.concurrent)
            return actions.DetachPartition(
                table=table, partition=syntax.relation(definition.name), concurrently=concurrently
            )
        case _TYPE.AT_AttachPartition:
            return actions.AttachPartition(table=table, partition=syntax.relation(definition.name))
        case kind if kind in _STORAGE:
            return actions.ChangeStorage(table=table, words=_STORAGE[kind])
        case kind:
            return actions.AlterTable(table=table, exclusive=kind not in _LIGHTER)
