"""Comparing what the migrations make with what the mapping says, on scratch databases."""

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

from alembic.autogenerate import produce_migrations
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import ForeignKey, Inspector, inspect

from schema_tools.catalog.compared import compared
from schema_tools.catalog.included import included
from schema_tools.catalog.naming import named_items, names_given
from schema_tools.catalog.objects import Difference
from schema_tools.catalog.partitions import unmapped_partitions, without_partitions
from schema_tools.catalog.reading import read_catalog, true_differences
from schema_tools.catalog.unmapped import with_unmapped
from schema_tools.foreign_connections import only
from schema_tools.migrations.log import is_of_schema
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.scratch import ScratchPair


def needed_migrations(pair: ScratchPair, project: SchemaProject) -> ops.MigrationScript:
    """The operations that lead from the head of the migrations to the mapping, and back, on one database.

    Triggers and functions are not among them.
    """
    metadata, environment = project.metadata, project.environment
    # Alembic takes each table of a schema that it does not look into for a new one.
    schemas = pair.mapping.schemas

    def include_name(name: str | None, kind: str, parents: Any) -> bool:
        asked = environment.include_name
        if kind == "schema" and not environment.include_schemas and name not in schemas:
            return False
        if kind == "table" and (parents["schema_name"], name) in partitions:
            return False
        return is_of_schema(name, kind) and (asked is None or asked(name, kind, parents))

    with pair.head.engine().connect() as head:
        partitions = unmapped_partitions(head, frozenset(metadata.tables))
    with pair.head.engine().connect() as head, pair.mapping.engine().connect() as mapping:
        # A revision renders what is found here while the connection is closed, so nothing may be read lazily.
        context = MigrationContext.configure(
            head,
            opts={
                "compare_type": environment.compare_type,
                "compare_server_default": environment.compare_server_default,
                "target_metadata": metadata,
                "include_name": include_name,
                "include_object": environment.include_object,
                "include_schemas": environment.include_schemas or len(schemas) > 1,
            },
        )
        with names_given(named_items(metadata)), only(head, advice="in include_object, decide by what it is given"):
            script = produce_migrations(context, metadata)
        assert script.upgrade_ops is not None  # noqa: S101 -- its type allows None for scripts without code
        _forget_false_alarms(script.upgrade_ops, inspect(head), inspect(mapping))
    _drop_dependents_first(script.upgrade_ops)
    script.downgrade_ops = script.upgrade_ops.reverse()
    return script


def schema_differences(pairs: Mapping[str, ScratchPair], project: SchemaProject) -> dict[str, list[Difference]]:
    """What differs between the head of the migrations and the mapping, by database.

    Expected is what the mapping says, with what no mapping can tell as the migrations make it; found is what the
    migrations make, both without what `env.py` leaves out. The lists are empty when they are the same.
    """
    return {dialect: _differences(pair, project) for dialect, pair in pairs.items()}


def _differences(pair: ScratchPair, project: SchemaProject) -> list[Difference]:
    with pair.mapping.engine().connect() as connection:
        expected = read_catalog(connection, *pair.mapping.schemas, absent=True)
    with pair.head.engine().connect() as connection:
        head = without_partitions(expected, read_catalog(connection, *pair.mapping.schemas, absent=True))
        expected = with_unmapped(expected, head, kinds=pair.mapping.kinds, borrowed=pair.mapping.borrowed)
        expected, head = included(project, expected, head)
        found = true_differences(
            connection, expected, head, schemas=pair.mapping.schemas, invented=pair.mapping.invented
        )
        return compared(project, connection, found)


def in_lines(found: Mapping[str, Sequence[Difference]]) -> list[str]:
    """Each of `schema_differences` in a line, with its database before it."""
    return [f"{dialect}: {one.sentence}" for dialect, all_of_it in found.items() for one in all_of_it]


def _forget_false_alarms(upgrade: ops.UpgradeOps, head: Inspector, mapping: Inspector) -> None:
    """Drop a changed default that the catalog words alike on both sides.

    Alembic compares defaults by evaluating them, and a volatile one never equals itself.
    """
    for table in [one for one in upgrade.ops if isinstance(one, ops.ModifyTableOps)]:
        for change in [one for one in table.ops if isinstance(one, ops.AlterColumnOp)]:
            if change.modify_server_default is False:
                continue
            before, after = (_default(inspector, change) for inspector in (head, mapping))
            if before == after:
                change.modify_server_default = False
            if not change.has_changes():
                table.ops.remove(change)
        if not table.ops:
            upgrade.ops.remove(table)


def _default(inspector: Inspector, change: ops.AlterColumnOp) -> Any:
    """The default of a column as the catalog words it, a generated column and an identity included."""
    columns = inspector.get_columns(change.table_name, schema=change.schema)
    (column,) = [one for one in columns if one["name"] == change.column_name]
    return column["default"], column.get("computed"), column.get("identity")


def _referred_table(key: ForeignKey) -> str:
    """The table that a key names, which may have a dot in its name."""
    tokens = getattr(key, "target_tokens", None)  # since SQLAlchemy 2.1, where target_fullname refuses dots
    if tokens is None:
        return key.target_fullname.rpartition(".")[0]
    return ".".join(filter(None, (tokens.schema, tokens.table_name)))


def _drop_dependents_first(upgrade: ops.UpgradeOps) -> None:
    """Drop tables last, a table that refers to another before it; Alembic drops them in no order."""
    dropping = [one for one in upgrade.ops if isinstance(one, ops.DropTableOp)]
    drops = {".".join(filter(None, (one.schema, one.table_name))): one for one in dropping}
    order = TopologicalSorter[str]()
    for name in sorted(drops):
        order.add(name)
        for key in drops[name].to_table().foreign_key_constraints:
            referred = _referred_table(key.elements[0])
            if referred in drops and referred != name:
                order.add(referred, name)
    others = [one for one in upgrade.ops if not isinstance(one, ops.DropTableOp)]
    upgrade.ops = [*others, *(drops[name] for name in order.static_order())]
