"""Which tables of a mapping some revisions work on."""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Enum, MetaData, Table

from schema_tools.lint import actions
from schema_tools.lint.actions import Action
from schema_tools.lint.capture import compile_revision
from schema_tools.lint.objects import NamedAction
from schema_tools.lint.reading import read
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.steps import Revisions

# What cannot be read may be about any table.
_UNKNOWN = (actions.AskDatabase, actions.CannotParse, actions.ExecuteText, actions.Fail)


def touched_tables(project: SchemaProject, revisions: Collection[str]) -> set[str]:
    """The full names of the mapped tables that the revisions make or change, or whose indexes or enums they do.

    It is all of them where a revision cannot be read to its end.

    Raises:
        SchemaToolsError: The revisions cannot be read.
    """
    files = Revisions(project)
    names: set[str] = set()
    for script in files.in_order():
        if script.revision not in revisions:
            continue
        compilation = compile_revision(script, files.script, files.config, project.metadata)
        found = [action for one in compilation.emitted for step in read(one.sql) for action in step.actions]
        if not compilation.complete or any(isinstance(action, _UNKNOWN) for action in found):
            return set(project.metadata.tables)
        names |= {name for action in found for name in _names(action)}
    return _named(project.metadata, names)


def _names(action: Action) -> Iterator[str]:
    """The tables that an action names, and the object that it is about where it is about another one."""
    match action:
        case actions.AttachPartition() | actions.DetachPartition():
            yield from (action.table, action.partition)
        case actions.RenameTable():
            yield from (action.table, action.new_name)
        case actions.TableAction():
            yield action.table
        case actions.Cascade():
            yield from action.tables
        case NamedAction():
            yield action.name


def _named(metadata: MetaData, names: set[str]) -> set[str]:
    """The tables that have one of the names, or an index or an enum that does.

    A name without a schema is that of a table in any schema, since the search path may lead there.
    """
    return {name for name, table in metadata.tables.items() if not names.isdisjoint(_known_as(table))}


def _known_as(table: Table) -> Iterator[str]:
    types: list[Any] = [column.type for column in table.columns]
    own = [table.name, *(one.name for one in table.indexes), *(one.name for one in types if isinstance(one, Enum))]
    for name in own:
        if name:
            yield str(name)
            yield f"{table.schema}.{name}"
