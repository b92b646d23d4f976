"""Several `MetaData` of one project, taken for one."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, MetaData, event

from schema_tools.errors import SchemaToolsError

_EVENTS: Final = ("before_create", "after_create", "before_drop", "after_drop")


def merged(several: Sequence[MetaData]) -> MetaData:
    """One `MetaData` that has the tables of all of them, which stay what they are; the only one where there is one.

    Raises:
        SchemaToolsError: Two of them have a table of the same name.
    """
    unique = list({id(one): one for one in several}.values())
    if len(unique) == 1:
        return unique[0]
    whole = MetaData()
    for one in unique:
        for key, table in one.tables.items():
            if key in whole.tables:
                raise SchemaToolsError(f"two of the MetaData have a table {key}, and a database has only one")
            # The tables themselves, since copies would lack their events.
            whole._add_table(table.name, table.schema, table)  # noqa: SLF001 -- see above
        whole._sequences |= one._sequences  # noqa: SLF001 -- those that belong to no table
        for name in _EVENTS:
            event.listen(whole, name, _passed_on(one, name))
    return whole


def _passed_on(metadata: MetaData, name: str) -> Callable[..., None]:
    """What tells the listeners of `metadata` of an event."""

    def pass_on(_whole: MetaData, connection: Connection, **options: Any) -> None:
        getattr(metadata.dispatch, name)(metadata, connection, **options)

    return pass_on
