"""Count what drift and Alembic's compare_metadata see of the mutations: writes docs/drift-compared.md.

Run it with `python packages/schema-tools/benchmarks/compare_drift_tools.py` in a checkout with the development
requirements; it takes about a minute.
"""

import re
import sys
import warnings
from pathlib import Path
from typing import Any

import alembic
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

PACKAGE = Path(__file__).parents[1]
sys.path[:0] = [str(PACKAGE / "tests")]

from drifts.club import EVERYTHING  # noqa: E402
from drifts.mutations import MUTATIONS, Mutation, Playground  # noqa: E402
from schema_tools.catalog.comparing import differences  # noqa: E402
from schema_tools.catalog.objects import Catalog  # noqa: E402
from schema_tools.catalog.reading import read_catalog  # noqa: E402
from schema_tools.postgres.binaries import preferred_installation  # noqa: E402
from schema_tools.postgres.server import PostgresServer  # noqa: E402

DOCUMENT = PACKAGE / "docs" / "drift-compared.md"


def main() -> None:
    """Try every mutation on the preferred server, and write the table."""
    # What it cannot reflect, Alembic warns of.
    warnings.simplefilter("ignore")
    installation = preferred_installation()
    with PostgresServer(installation) as server, Playground.made(server) as playground:
        assert len(playground.possible()) == len(MUTATIONS), "a newer PostgreSQL is needed"
        catalog = read_catalog(playground.connection)
        usual = by_alembic(playground.connection)
        assert usual == by_alembic(playground.connection)
        playground.connection.rollback()
        seen = {}
        for mutation in MUTATIONS:
            with playground.after(mutation) as connection:
                seen[mutation] = (by_us(catalog, connection, mutation), by_alembic(connection) != usual)
    release = ".".join(map(str, installation.version))
    DOCUMENT.write_text("\n".join(document(seen, release)) + "\n")
    print(f"written: {DOCUMENT.relative_to(PACKAGE)}: {totals(seen)}")


def by_us(catalog: Catalog, connection: Connection, mutation: Mutation) -> bool:
    """Whether drift names the object and the aspect."""
    found = differences(catalog, read_catalog(connection))
    return (mutation.object, mutation.aspect) in {(one.object, one.aspect) for one in found}


def by_alembic(connection: Connection) -> list[str]:
    """All that Alembic says of the database; anything else than usual counts as seen."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    target: Any = list(EVERYTHING)
    # Addresses in memory differ each time.
    return sorted(re.sub(r" at 0x\w+", "", repr(one)) for one in compare_metadata(context, target))


def totals(seen: dict[Mutation, tuple[bool, bool]]) -> str:
    """The last row of the table."""
    ours, theirs = (sum(row[column] for row in seen.values()) for column in (0, 1))
    return f"| **all** | {len(seen)} | **{ours}** | **{theirs}** |"


def document(seen: dict[Mutation, tuple[bool, bool]], release: str) -> list[str]:
    """The lines of the document."""
    head = f"""\
# Drift, compared

Each of {len(seen)} single mutations of one schema, made by hand in a PostgreSQL {release} database, and whether a tool
says that something differs. `db-drift` must name the object and what of it differs; of Alembic, whose comparison is
made to write migrations of tables, any remark counts that the untouched database does not get. The mutations are in
`tests/drifts/mutations.py` of the package; the tests make them on every release, and execute the fixes. This file
is written by `python packages/schema-tools/benchmarks/compare_drift_tools.py`.

Alembic {alembic.__version__}, `compare_metadata` with `compare_type` and `compare_server_default`;
SQLAlchemy {sqlalchemy.__version__}.

| object | changed | `db-drift` | Alembic |
|---|---|---|---|"""
    return [*head.splitlines(), *(row(mutation, *by) for mutation, by in seen.items()), totals(seen)]


def row(mutation: Mutation, by_us: object, by_alembic: object) -> str:
    """The row of a mutation."""
    return f"| {mutation.group} | {mutation.name} | {'yes' if by_us else 'no'} | {'yes' if by_alembic else 'no'} |"


if __name__ == "__main__":
    main()
