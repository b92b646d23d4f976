"""A project whose tables change from test to test."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import DDL, Column, DateTime, Identity, Integer, MetaData, String, Table, UniqueConstraint, event, func

from schema_tools.migrations.lock_file import write_lock
from schema_tools.migrations.scripts import heads
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.writing.revise import migrate

TEMPLATE = Path(__file__).parent / "bookshop"

ENVIRONMENT = """\
from schema_tools.environment import run
from sqlalchemy import MetaData

run(MetaData(), lambda: "")
"""

# What a careful project asks of its own code.
CHECKS = """\
[tool.ruff]
line-length = 120
target-version = "py311"

[tool.ruff.lint]
select = [
    "A", "ANN", "ARG", "B", "C4", "D", "E", "ERA", "F", "I", "ISC", "N", "PERF", "PIE", "PL", "RET", "RUF", "S", "SIM",
    "UP", "W",
]
ignore = ["D203", "D213"]

[tool.ruff.lint.pydocstyle]
convention = "google"

[tool.mypy]
strict = true
"""

CONVENTION = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
}


@dataclass(frozen=True)
class ScratchProject:
    """Migrations in a directory, and a server to write more of them with."""

    directory: Path
    server: RunningPostgres
    mapped_kinds: frozenset[str] = frozenset({"function", "trigger"})

    @classmethod
    def made(cls, directory: Path, server: RunningPostgres) -> "ScratchProject":
        """A project without any revision, with the bookshop's template."""
        (directory / "alembic" / "versions").mkdir(parents=True)
        for name in ("alembic.ini", "alembic/script.py.mako"):
            shutil.copy(TEMPLATE / name, directory / name)
        (directory / "pyproject.toml").write_text(CHECKS)
        (directory / "alembic" / "env.py").write_text(ENVIRONMENT)
        return cls(directory, server)

    def project(self, metadata: MetaData) -> SchemaProject:
        """The migrations as they are, with `metadata` for a mapping."""
        return SchemaProject(
            metadata=metadata,
            alembic_ini=self.directory / "alembic.ini",
            databases=("postgresql", "sqlite"),
            mapped_kinds=self.mapped_kinds,
        )

    def migrate(self, metadata: MetaData, message: str = "change tables") -> Path:
        """Write the revision that leads to `metadata`."""
        return migrate(self.project(metadata), message, self.server)

    def revision(self, name: str, upgrade: str, downgrade: str = "pass") -> None:
        """Write a revision by hand, after the last one, and record it in the lock."""
        parents = heads(self.project(MetaData()))
        (self.directory / "alembic" / "versions" / f"{name}.py").write_text(
            f"""\
import sqlalchemy as sa
from alembic import op

revision = {name!r}
down_revision = {parents[0] if parents else None!r}


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
"""
        )
        write_lock(self.project(MetaData()))


def accounts(*extra: Column[Any], edit: Callable[[Table], None] = lambda _: None) -> MetaData:
    """One table with a counted id, two times and an update trigger, as many tables have them."""
    metadata = MetaData(naming_convention=CONVENTION)
    table = Table(
        "accounts",
        metadata,
        Column("id", Integer, Identity(), primary_key=True, comment="Number", info={"example": 1}),
        Column("email", String(100), nullable=False, comment="Address", info={"example": "user@example.com"}),
        *extra,
        Column(
            "created_at",
            DateTime(timezone=True),
            nullable=False,
            server_default=func.now(),
            comment="When it was made",
            info={"example": "2025-12-16T10:00:00+00:00"},
        ),
        UniqueConstraint("email"),
        comment="Accounts.",
        sqlite_autoincrement=True,
    )
    edit(table)
    names = ", ".join(column.name for column in table.columns)
    watch(table, "sqlite", f"CREATE TRIGGER watch AFTER UPDATE OF {names} ON accounts BEGIN SELECT ':never'; END")
    watch(
        table,
        "postgresql",
        "CREATE OR REPLACE FUNCTION watching() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n"
        "  RAISE DEBUG '100 %', ':never';\n  RETURN NEW;\nEND\n$$",
    )
    watch(
        table,
        "postgresql",
        "CREATE TRIGGER watch BEFORE UPDATE ON accounts\nFOR EACH ROW EXECUTE FUNCTION watching()",
    )
    return metadata


def watch(table: Table, dialect: str, statement: str) -> None:
    """Execute `statement` when `table` has been created on `dialect`."""
    ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
    event.listen(table, "after_create", ddl.execute_if(dialect=dialect))
