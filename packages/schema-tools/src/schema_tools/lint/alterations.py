"""What each part of an ALTER TABLE does, read from its parse tree."""

import re
from collections.abc import Iterator
from typing import Any, Final

from pglast import enums

from schema_tools.lint import actions
from schema_tools.lint.actions import Action
from schema_tools.lint.facts import column_facts, constraint_facts
from schema_tools.lint.syntax import expression, is_cast_of, printed, relation, sql_type

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


def read_alterations(node: Any) -> Iterator[Action]:
    """What an ALTER TABLE does, one part after the other; of other kinds of object no rule speaks."""
    if node.objtype not in {enums.ObjectType.OBJECT_TABLE, enums.ObjectType.OBJECT_MATVIEW}:
        yield actions.Other(harmless=False)
        return
    table = relation(node.relation)
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
            return _change_type(table, name, definition)
        case _TYPE.AT_ColumnDefault:
            default = expression(definition) if definition is not None else None
            return actions.ChangeDefault(table=table, column=name, default=default)
        case _TYPE.AT_SetNotNull:
            return actions.SetNotNull(table=table, column=name)
        case _TYPE.AT_DropNotNull:
            return actions.DropNotNull(table=table, column=name)
        case _TYPE.AT_SetExpression:
            return actions.SetExpression(table=table, column=name, expression=printed(definition))
        case _TYPE.AT_AddConstraint:
            return actions.AddConstraint(table=table, constraint=constraint_facts(table, definition))
        case _TYPE.AT_ValidateConstraint:
            return actions.ValidateConstraint(table=table, name=name)
        case _TYPE.AT_DropConstraint:
            return actions.DropConstraint(table=table, name=name)
        case _TYPE.AT_DetachPartition:
            concurrently = bool(definition.concurrent)
            return actions.DetachPartition(table=table, partition=relation(definition.name), concurrently=concurrently)
        case _TYPE.AT_AttachPartition:
            return actions.AttachPartition(table=table, partition=relation(definition.name))
        case kind if kind in _STORAGE:
            return actions.ChangeStorage(table=table, words=_STORAGE[kind])
        case kind:
            return actions.AlterTable(table=table, exclusive=kind not in _LIGHTER)


def _change_type(table: str, column: str, definition: Any) -> Action:
    using = definition.raw_default
    return actions.ChangeType(
        table=table,
        column=column,
        type=sql_type(definition.typeName),
        using=printed(using) if using is not None else "",
        converts=using is not None and not is_cast_of(using, column),
    )
