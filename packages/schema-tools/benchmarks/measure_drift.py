"""Measure drift of a schema of 200 tables: `python packages/schema-tools/benchmarks/measure_drift.py [tables]`."""

import sys
import tempfile
from pathlib import Path
from time import monotonic

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    func,
)

from schema_tools.catalog.drift import drift
from schema_tools.catalog.mapped import make_mapped
from schema_tools.migrations.connection import postgresql_engine
from schema_tools.postgres.binaries import preferred_installation
from schema_tools.postgres.server import PostgresServer
from schema_tools.project import SchemaProject

CONVENTION = {"ck": "ck_%(table_name)s_%(constraint_name)s", "ix": "ix_%(table_name)s_%(column_0_name)s"}


def many_tables(number: int) -> MetaData:
    """Tables of ten columns with comments, a primary key, a unique, two checks, two indexes and a foreign key."""
    metadata = MetaData(naming_convention=CONVENTION)
    for index in range(number):
        name = f"t{index:03}"
        Table(
            name,
            metadata,
            Column("id", Integer, Identity(), primary_key=True, comment="Number"),
            Column("parent_id", ForeignKey(f"t{max(index - 1, 0):03}.id"), index=True, comment="What it is part of"),
            Column("code", String(20), nullable=False, unique=True, comment="Code"),
            Column("title", Text, nullable=False, comment="Title"),
            Column("note", Text, comment="Note"),
            Column("price", Numeric(10, 2), nullable=False, server_default="0", comment="Price"),
            Column("amount", Integer, nullable=False, server_default="1", comment="Amount"),
            Column("state", String(10), nullable=False, index=True, server_default="new", comment="State"),
            Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), comment="Made"),
            Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now(), comment="Changed"),
            CheckConstraint("price >= 0", name="price"),
            CheckConstraint("amount > 0", name="amount"),
            comment=f"Stores what is of kind {index}.",
        )
    return metadata


def main() -> None:
    """Make the tables, and compare three times."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    metadata = many_tables(number)
    installation = preferred_installation()
    with tempfile.TemporaryDirectory() as directory, PostgresServer(installation) as server:
        (Path(directory) / "alembic" / "versions").mkdir(parents=True)
        (Path(directory) / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/alembic\n")
        project = SchemaProject(metadata=metadata, alembic_ini=Path(directory) / "alembic.ini")
        url = server.create_database("drift")
        with postgresql_engine(url).begin() as connection:
            make_mapped(connection, metadata)
        for _ in range(3):
            began = monotonic()
            found = drift(project, url)
            print(f"{installation}: {number} tables, {len(found)} differences, {monotonic() - began:.2f} s")


if __name__ == "__main__":
    main()
