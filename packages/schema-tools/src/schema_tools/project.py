"""The project that the schema tools work on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import MetaData
from sqlalchemy.orm import registry


@dataclass(frozen=True, kw_only=True)
class DocumentTexts:
    """What the schema document says beyond what the mapping knows. Every text is Markdown.

    Attributes:
        title: The document's heading.
        introduction: One sentence on what the document covers.
        source_of_truth: Where the tables are written, as a path or a glob.
        migrations: Where the revisions are.
        database: The facts of the database section, as (name, value).
        new_model_steps: How to add a model, one step each.
        targets: The commands, as (what it is for, command).
        practices: The practices of working on the schema, as (practice, what holds it now).
    """

    title: str
    introduction: str
    source_of_truth: str
    migrations: str
    database: Sequence[tuple[str, str]]
    new_model_steps: Sequence[str]
    targets: Sequence[tuple[str, str]]
    practices: Sequence[tuple[str, str]]

    @classmethod
    def of_any_project(cls, *, tables: str, migrations: Path) -> Self:
        """The texts for a project of which only the module `tables` and Alembic's configuration file are known."""
        command = "python -m schema_tools"
        return cls(
            title="Database Schema Specification",
            introduction=f"Generated from the tables and the migrations by `{command} docs`: change those, not this.",
            source_of_truth=f"`{tables}` (SQLAlchemy tables)",
            migrations=f"`{migrations.name}`",
            database=(("Type", "PostgreSQL 15+"), ("ORM", "SQLAlchemy 2"), ("Migrations", "Alembic")),
            new_model_steps=(
                "Write the table, every column with a `comment` and, where it may not be null, an example in `info`",
                f'Create a migration, which documents the model here as well: `{command} migrate -m "create <plural>"`',
                f"Read the migration, then apply it: `{command} upgrade`",
            ),
            targets=(
                ("Create a migration", f'`{command} migrate -m "add isbn to books"`, against a throwaway database'),
                ("Apply migrations", f"`{command} upgrade`"),
                ("Roll back", f"`{command} downgrade`"),
                ("View history", f"`{command} history`"),
                ("Check everything that needs no live database", f"`{command} check`"),
            ),
            practices=(
                ("Always use migrations for schema changes", f"`{command} verify` compares head and mapping"),
                ("Never modify existing migrations", "`versions.lock` holds a checksum of each"),
                ("Test migrations before production", f"`{command} verify` runs each up, down and up over rows"),
                ("Document all models", f"`{command} docs-check` compares this file byte by byte"),
                ("Use appropriate indexes for frequently queried columns", f"`{command} lint`"),
                ("Use foreign keys for relationships", f"`{command} lint`"),
                ("Use timestamps (`created_at`, `updated_at`) for audit trails", f"`{command} lint`"),
            ),
        )


@dataclass(frozen=True, kw_only=True)
class SchemaDocument:
    """The schema document of a project: the file, and what it says beyond the mapping."""

    path: Path
    texts: DocumentTexts


@dataclass(frozen=True, kw_only=True)
class SchemaProject:
    """A mapping, its migrations and its document.

    Attributes:
        metadata: Every table of the mapping, the truth that the migrations are measured against.
        alembic_ini: Alembic's configuration file; its `script_location` says where `env.py` and `versions/` are.
        document: The schema document, or None where there is none to write (an installed package has no `docs/`).
        postgres_bindir: A directory of PostgreSQL binaries to prefer for throwaway servers.
        databases: The dialects that the migrations are for, the one that is judged in full first.
        registries: Gives the registries of the classes that are mapped onto the tables, whose relationships the
            document lists; asked for when it is written.
    """

    metadata: MetaData
    alembic_ini: Path
    document: SchemaDocument | None = None
    postgres_bindir: Path | None = None
    databases: Sequence[str] = ("postgresql",)
    registries: Callable[[], Iterable[registry]] = lambda: ()
