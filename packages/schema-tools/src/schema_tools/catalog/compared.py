"""What the `env.py` of a project does not compare of columns: its `compare_type` and `compare_server_default`."""

from collections.abc import Callable, Iterable
from typing import Final

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table

from schema_tools.catalog.included import in_parts
from schema_tools.catalog.objects import Difference
from schema_tools.errors import SchemaToolsError
from schema_tools.foreign_connections import only
from schema_tools.project import SchemaProject

_OF_A_COLUMN: Final = "column "


def compared(project: SchemaProject, connection: Connection, differing: Iterable[Difference]) -> list[Difference]:
    """The differences without those in what `env.py` does not compare.

    Args:
        project: The mapping, and what `env.py` says.
        connection: To the database that differs from the mapping.
        differing: What differs.

    Raises:
        SchemaToolsError: `compare_type` fails.
    """
    environment = project.environment

    def is_compared(one: Difference) -> bool:
        if not one.object.startswith(_OF_A_COLUMN):
            return True
        match one.aspect:
            case "default":
                return environment.compare_server_default is not False
            case "type":
                asked = environment.compare_type
                return _differs(asked, project, connection, one) if callable(asked) else asked
        return True

    return [one for one in differing if is_compared(one)]


def _differs(
    ask: Callable[..., bool | None], project: SchemaProject, connection: Connection, difference: Difference
) -> bool:
    """What `compare_type` says of a column; where it says nothing, that it differs."""
    *schemas, table, name = in_parts(difference.object.removeprefix(_OF_A_COLUMN))
    schema = schemas[-1] if schemas else None
    mapped = project.metadata.tables.get(f"{schema}.{table}" if schema else table)
    column = mapped.columns.get(name) if mapped is not None else None
    if column is None:
        return True
    found = Table(table, MetaData(), schema=schema, autoload_with=connection).columns[name]
    context = MigrationContext.configure(connection, opts={"target_metadata": project.metadata})
    try:
        with only(connection, advice="decide by what it is given"):
            return ask(context, found, column, found.type, column.type) is not False
    except Exception as error:
        raise SchemaToolsError(
            f"compare_type of env.py fails for {difference.object}: {type(error).__name__}: {error}"
        ) from error
