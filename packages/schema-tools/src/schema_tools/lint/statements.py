"""What each kind of statement does, read from its parse tree."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from pglast import ast, enums

from schema_tools.lint import actions, objects
from schema_tools.lint.actions import Action, short
from schema_tools.lint.alterations import column_facts, constraint_facts, read_alterations
from schema_tools.lint.syntax import compared, dotted, is_bounded, literals, printed, relation, strings, walk
from schema_tools.rehearsal.locks import MODES


def read_statement(node: Any) -> list[Action]:
    """What the statement does."""
    reader = _READERS.get(type(node))
    made = reader(node) if reader is not None else actions.Other(harmless=isinstance(node, _HARMLESS))
    return [made] if isinstance(made, Action) else list(made)


# The number of a mode is its place; without one, LOCK takes the last.
_LOCK_MODES: Final = [mode.name for mode in MODES.values()]
_HARMLESS: Final = (ast.CommentStmt, ast.CreateExtensionStmt, ast.CreateSeqStmt, ast.CreateSchemaStmt, ast.GrantStmt)


def _create_table(node: Any) -> Action:
    table = relation(node.relation)
    parts = node.tableElts or ()
    return actions.CreateTable(
        table=table,
        columns=tuple(column_facts(table, one) for one in parts if isinstance(one, ast.ColumnDef)),
        constraints=tuple(constraint_facts(table, one) for one in parts if isinstance(one, ast.Constraint)),
        parent=relation(node.inhRelations[0]) if node.partbound is not None else None,
        partitioned=node.partspec is not None,
    )


def _select(node: Any) -> Iterator[Action]:
    if node.intoClause is not None:
        yield actions.CreateTable(table=relation(node.intoClause.rel))
    for one in walk(node):
        if isinstance(one, ast.FuncCall) and dotted(one.funcname) == "set_config" and len(one.args or ()) > 1:
            name, value = ("".join(literals(arg)) for arg in (one.args or ())[:2])
            yield objects.SetVariable(name=name, value=value)
        elif isinstance(one, (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt)):
            yield from _change_rows(one)


def _change_rows(node: Any) -> Iterator[Action]:
    verb = type(node).__name__.removesuffix("Stmt").upper()
    where = getattr(node, "whereClause", None)
    bare = ast.UpdateStmt(relation=node.relation, targetList=getattr(node, "targetList", None))
    others = any(getattr(node, name, None) for name in ("fromClause", "usingClause", "withClause", "returningClause"))
    yield actions.ChangeRows(
        table=relation(node.relation),
        verb=verb,
        where=printed(where),
        bounded=is_bounded(where),
        compared=compared(where),
        assignments=printed(bare).partition(" SET ")[2] if verb == "UPDATE" else "",
        plain=not others and node.relation.alias is None,
    )


def _copy(node: Any) -> Action:
    if node.is_from and node.relation is not None:
        return actions.ChangeRows(table=relation(node.relation), verb="COPY")
    return actions.Other(harmless=False)


def _create_index(node: Any) -> Action:
    table = relation(node.relation)
    elements = node.indexParams or ()
    name = node.idxname or "_".join([short(table), *(one.name or "expr" for one in elements), "idx"])
    concurrently = bool(node.concurrent)
    node.idxname, node.concurrent, node.if_not_exists = name, True, True
    special = (
        node.indexIncludingParams or node.options or node.tableSpace or node.nulls_not_distinct or node.whereClause
    )
    default = (enums.SortByDir.SORTBY_DEFAULT, enums.SortByNulls.SORTBY_NULLS_DEFAULT, None, None)
    return objects.CreateIndex(
        table=table,
        name=name,
        keys=tuple(one.name or printed(one.expr) for one in elements),
        plain=node.accessMethod == "btree"
        and not special
        and all(one.name for one in elements)
        and all((one.ordering, one.nulls_ordering, one.opclass, one.collation) == default for one in elements),
        unique=bool(node.unique),
        concurrently=concurrently,
        only=not node.relation.inh,
        concurrent_sql=printed(node),
    )


_TABLES: Final = frozenset({enums.ObjectType.OBJECT_TABLE, enums.ObjectType.OBJECT_FOREIGN_TABLE})
_RELATIONS: Final = _TABLES | {enums.ObjectType.OBJECT_MATVIEW}
# The name of the table comes before its own.
_OF_TABLES: Final = frozenset(
    {enums.ObjectType.OBJECT_POLICY, enums.ObjectType.OBJECT_RULE, enums.ObjectType.OBJECT_TRIGGER}
)
_NAMED: Final[dict[Any, type[objects.NamedAction]]] = {
    enums.ObjectType.OBJECT_VIEW: objects.DropView,
    enums.ObjectType.OBJECT_SCHEMA: objects.DropSchema,
    enums.ObjectType.OBJECT_TYPE: objects.DropType,
    enums.ObjectType.OBJECT_DOMAIN: objects.DropType,
}


def _drop(node: Any) -> Iterator[Action]:
    for one in node.objects:
        parts: Any = one.names if isinstance(one, ast.TypeName) else one if isinstance(one, tuple) else (one,)
        match node.removeType:
            case kind if kind in _RELATIONS:
                yield actions.DropTable(table=dotted(parts))
            case kind if kind in _OF_TABLES:
                yield actions.DropTrigger(table=dotted(parts[:-1]))
            case kind if kind in _NAMED:
                yield _NAMED[kind](name=dotted(parts))
            case enums.ObjectType.OBJECT_INDEX:
                yield objects.DropIndex(name=dotted(parts), concurrently=bool(node.concurrent))
            case _:
                yield actions.Other(harmless=True)


def _rename(node: Any) -> Action:
    new = node.newname
    match node.renameType:
        case enums.ObjectType.OBJECT_COLUMN if node.relationType in _TABLES:
            return actions.RenameColumn(table=relation(node.relation), column=node.subname, new_name=new)
        case kind if kind in _RELATIONS:
            table = relation(node.relation)
            return actions.RenameTable(table=table, new_name=table.removesuffix(short(table)) + new)
        case enums.ObjectType.OBJECT_TABCONSTRAINT:
            return actions.RenameConstraint(table=relation(node.relation), name=node.subname, new_name=new)
        case enums.ObjectType.OBJECT_INDEX:
            return objects.RenameIndex(name=relation(node.relation), new_name=new)
        case enums.ObjectType.OBJECT_SCHEMA:
            return objects.RenameSchema(name=node.subname, new_name=new)
        case _:
            return actions.Other(harmless=False)


def _set_schema(node: Any) -> Action:
    if node.objectType not in _RELATIONS:
        return actions.Other(harmless=False)
    table = relation(node.relation)
    schema = "" if node.newschema == "public" else f"{node.newschema}."
    return actions.RenameTable(table=table, new_name=schema + short(table))


def _reindex(node: Any) -> Action:
    concurrently = _option(node.params, "concurrently")
    node.params = None
    return objects.Reindex(words=printed(node).removeprefix("REINDEX "), concurrently=concurrently)


def _vacuum(node: Any) -> Iterator[Action]:
    full = bool(node.is_vacuumcmd) and _option(node.options, "full")
    for one in node.rels or (None,):
        yield actions.Vacuum(table=relation(one.relation) if one is not None else "", full=full)


def _option(options: Any, name: str) -> bool:
    return any(one.defname == name and strings((one.arg,) if one.arg else ()) != ("false",) for one in options or ())


def _enum(node: Any) -> Action:
    name = dotted(node.typeName)
    if node.oldVal is not None:
        return objects.RenameEnumValue(name=name, value=node.oldVal, new_value=node.newVal)
    return objects.AddEnumValue(name=name, value=node.newVal)


def _set(node: Any) -> Action:
    setting = getattr(node, "setstmt", node)
    taken_back = setting.kind != enums.VariableSetKind.VAR_SET_VALUE
    value = "" if taken_back else ", ".join(printed(one).strip("'") for one in setting.args or ())
    return objects.SetVariable(name=setting.name or "ALL", value=value)


def _function(node: Any) -> Action:
    chosen = [one.arg.sval for one in node.options or () if one.defname == "volatility"]
    return objects.CreateFunction(name=dotted(node.funcname), volatile=chosen[-1:] in ([], ["volatile"]))


_READERS: Final[dict[type, Callable[[Any], Action | Iterator[Action]]]] = {
    ast.AlterDatabaseSetStmt: _set,
    ast.AlterEnumStmt: _enum,
    ast.AlterObjectSchemaStmt: _set_schema,
    ast.AlterRoleSetStmt: _set,
    ast.AlterSystemStmt: _set,
    ast.AlterTableStmt: read_alterations,
    ast.ClusterStmt: lambda node: actions.Cluster(table=relation(node.relation) if node.relation else ""),
    ast.CopyStmt: _copy,
    ast.CreateEnumStmt: lambda node: objects.CreateEnum(name=dotted(node.typeName)),
    ast.CreateFunctionStmt: _function,
    ast.CreateStmt: _create_table,
    ast.CreateTableAsStmt: lambda node: actions.CreateTable(table=relation(node.into.rel)),
    ast.CreateTrigStmt: lambda node: actions.CreateTrigger(table=relation(node.relation)),
    ast.DeleteStmt: _change_rows,
    ast.DropStmt: _drop,
    ast.IndexStmt: _create_index,
    ast.InsertStmt: _change_rows,
    ast.LockStmt: lambda node: (
        actions.LockTable(table=relation(one), mode=_LOCK_MODES[(node.mode or 0) - 1]) for one in node.relations
    ),
    ast.MergeStmt: _change_rows,
    ast.RefreshMatViewStmt: lambda node: actions.Refresh(
        table=relation(node.relation), concurrently=bool(node.concurrent)
    ),
    ast.ReindexStmt: _reindex,
    ast.RenameStmt: _rename,
    ast.SelectStmt: _select,
    ast.TransactionStmt: lambda node: actions.ControlTransaction(words=printed(node)),
    ast.TruncateStmt: lambda node: (actions.Truncate(table=relation(one)) for one in node.relations),
    ast.UpdateStmt: _change_rows,
    ast.VacuumStmt: _vacuum,
    ast.VariableSetStmt: _set,
    ast.ViewStmt: lambda node: objects.CreateView(name=relation(node.view)),
}
