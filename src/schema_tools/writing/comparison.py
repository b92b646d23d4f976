"""Comparing what the migrations make with what the mapping says, on scratch databases."""

from collections.abc import Mapping
from graphlib import TopologicalSorter
from typing import Any

from alembic.autogenerate import produce_migrations
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Inspector, MetaData, inspect

from schema_tools.rehearsal.scratch import ScratchPair


def needed_migrations(pair: ScratchPair, metadata: MetaData) -> ops.MigrationScript:
    """The operations that lead from the head of the migrations to the mapping, and back, on one database.

    Triggers and functions are not among them.
    """
    with pair.head.engine().connect() as head, pair.mapping.engine().connect() as mapping:
        # A revision renders what is found here while the connection is closed, so nothing may be read lazily.
        context = MigrationContext.configure(
            head, opts={"compare_type": True, "compare_server_default": True, "target_metadata": metadata}
        )
        script = produce_migrations(context, metadata)
        assert script.upgrade_ops is not None  # noqa: S101 -- its type allows None for scripts without code
        _forget_false_alarms(script.upgrade_ops, inspect(head), inspect(mapping))
    _drop_dependents_first(script.upgrade_ops)
    script.downgrade_ops = script.upgrade_ops.reverse()
    return script


def schema_differences(pairs: Mapping[str, ScratchPair], metadata: MetaData) -> list[str]:
    """What differs between migrations and mapping, one line for each difference; none when they are the same schema."""
    found = []
    for dialect, pair in pairs.items():
        script = needed_migrations(pair, metadata)
        assert script.upgrade_ops is not None  # noqa: S101 -- its type allows None for scripts without code
        found += [f"{dialect}: {_worded(diff)}" for diff in script.upgrade_ops.as_diffs()]
        found += [f"{dialect}: {line}" for line in _code_differences(pair)]
        found += [f"{dialect}: {line}" for line in _check_differences(pair)]
    return found


def _code_differences(pair: ScratchPair) -> list[str]:
    old, new = ({label: one.definition for label, one in side.code.items()} for side in (pair.head, pair.mapping))
    return _differences(old, new)


def _check_differences(pair: ScratchPair) -> list[str]:
    """The CHECK constraints that differ, which Alembic does not compare, on the tables that both databases have."""
    with pair.head.engine().connect() as head, pair.mapping.engine().connect() as mapping:
        inspectors = inspect(head), inspect(mapping)
        tables = set.intersection(*(set(inspector.get_table_names()) for inspector in inspectors))
        old, new = (
            {
                f"check {check['name'] or check['sqltext']} on {table}": check["sqltext"]
                for table in tables
                for check in inspector.get_check_constraints(table)
            }
            for inspector in inspectors
        )
    return _differences(old, new)


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return [
        f"{label} {_fate(old.get(label), new.get(label))}"
        for label in sorted({*old, *new})
        if old.get(label) != new.get(label)
    ]


def _fate(old: str | None, new: str | None) -> str:
    if new is None:
        return "is in the migrations only"
    return "is in the mapping only" if old is None else "differs between the migrations and the mapping"


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
    (column,) = [one for one in inspector.get_columns(change.table_name) if one["name"] == change.column_name]
    return column["default"], column.get("computed"), column.get("identity")


def _drop_dependents_first(upgrade: ops.UpgradeOps) -> None:
    """Drop tables last, a table that refers to another before it; Alembic drops them in no order."""
    drops = {one.table_name: one for one in upgrade.ops if isinstance(one, ops.DropTableOp)}
    order = TopologicalSorter[str]()
    for name in sorted(drops):
        order.add(name)
        for key in drops[name].to_table().foreign_key_constraints:
            referred = key.elements[0].target_fullname.rpartition(".")[0]
            if referred in drops and referred != name:
                order.add(referred, name)
    others = [one for one in upgrade.ops if not isinstance(one, ops.DropTableOp)]
    upgrade.ops = [*others, *(drops[name] for name in order.static_order())]


def _worded(diff: Any) -> str:
    """One of Alembic's difference tuples in a line."""
    changes = diff if isinstance(diff, list) else [diff]
    return "; ".join(" ".join(str(part) for part in change if part is not None) for change in changes)
