"""The service's answers to the schema tools: where its mapping, its migrations and its schema document are."""

from pathlib import Path
from typing import Final

from adapters.sqlalchemy.tables import metadata
from entrypoints.migration_files import migrations_root
from schema_tools.project import DocumentTexts, SchemaDocument, SchemaProject


def schema_project(*, postgres_bindir: Path | None = None) -> SchemaProject:
    """The service's schema. In a checkout it has a document; an installed package brings its migrations only."""
    root = migrations_root()
    document = SchemaDocument(path=root / "docs" / "database-schema.md", texts=TEXTS)
    return SchemaProject(
        metadata=metadata,
        alembic_ini=root / "alembic.ini",
        document=document if (root / "pyproject.toml").is_file() else None,
        postgres_bindir=postgres_bindir,
        databases=("postgresql", "sqlite"),
    )


TEXTS: Final = DocumentTexts(
    title="Database Schema Specification",
    introduction=(
        "The complete structure of the database of `fastapi-service`, generated from the tables and the migrations by"
        " `make db-docs`: change those, not this file."
    ),
    source_of_truth="`src/adapters/sqlalchemy/tables/*.py` (SQLAlchemy tables)",
    migrations="`alembic/versions/`",
    database=(
        ("Type", "PostgreSQL 15+; SQLite serves as the embedded default"),
        ("ORM", "SQLAlchemy 2"),
        ("Migrations", "Alembic, one history for both databases"),
        ("Connection", "`DATABASE_URL`, opened in `src/adapters/sqlalchemy/engine.py`"),
    ),
    new_model_steps=(
        (
            "Write the table in `src/adapters/sqlalchemy/tables/<plural>.py`, every column with a `comment` and,"
            ' where it may not be null, an `info={"example": ...}`; wrap it in `timestamped(...)`'
        ),
        "Import it in `src/adapters/sqlalchemy/tables/__init__.py`",
        'Create a migration, which documents the model here as well: `make db-migrate m="create <plural>"`',
        "Read the migration, then apply it: `make db-upgrade`",
        "Map the table to its entity in `src/adapters/sqlalchemy/mappings/`, and run `make test`",
    ),
    targets=(
        ("Set up the environment", "`make setup`"),
        ("Create a migration", '`make db-migrate m="add phone to users"`, against a throwaway database'),
        ("Apply migrations", "`make db-upgrade`"),
        ("Roll back", "`make db-downgrade` (one migration), or `make db-downgrade to=REVISION`"),
        ("View history", "`make db-history`, with what the database has had"),
        ("Write this document", "`make db-docs`"),
        ("Check this document", "`make db-docs-check`, which fails if it differs by a byte"),
    ),
    practices=(
        (
            "Always use migrations for schema changes",
            (
                "Tests build the schema by the migrations and from the tables, on PostgreSQL and on SQLite, and compare"
                " columns, constraints, indexes, triggers and functions"
            ),
        ),
        (
            "Never modify existing migrations",
            (
                "A migration imports no code of the service, so that nothing but an edit of its own file can change"
                " what it does; such an edit is for the review to refuse"
            ),
        ),
        (
            "Test migrations before production",
            (
                "Tests run every migration up, down and up on both databases with rows in place, and compare the rows;"
                " `make db-migrate` runs a new one up, down and up as soon as it is written"
            ),
        ),
        (
            "Document all models",
            (
                "This file is generated, and `make check` compares it byte by byte; a table or column without a comment"
                " is a finding, and tests insert every example row"
            ),
        ),
        (
            "Use appropriate indexes for frequently queried columns",
            "The document lists every index with what it serves; whether one is missing is for the review to say",
        ),
        (
            "Use foreign keys for relationships",
            (
                "Relationships are listed here from the foreign keys only, and SQLite enforces them on every connection"
                " of the service as PostgreSQL does"
            ),
        ),
        (
            "Use timestamps (`created_at`, `updated_at`) for audit trails",
            (
                "`created_at()`, `updated_at()` and `timestamped(...)` give a table both columns and the trigger, and"
                " tests change rows by plain SQL to see the trigger work"
            ),
        ),
    ),
)
