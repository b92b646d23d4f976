"""The service's answers to the schema tools: where its mapping, its migrations and its schema document are."""

from pathlib import Path
from typing import Final

from adapters import load_adapters
from adapters.sqlalchemy.tables import metadata
from entrypoints.migration_files import migrations_root
from foundation.sqlalchemy.adapter import map_entities
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
        registries=lambda: (map_entities(metadata, load_adapters("sqlalchemy").values()),),
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
        ("Connection", "`DATABASE_URL`, opened by `foundation.sqlalchemy.database`"),
    ),
    new_model_steps=(
        (
            "Write the table in `src/adapters/sqlalchemy/tables/<plural>.py`, every column with a `comment` and,"
            ' where it may not be null, an `info={"example": ...}`; wrap it in `timestamped(...)`'
        ),
        "Import it in `src/adapters/sqlalchemy/tables/__init__.py`",
        'Create a migration, which documents the model here as well: `make db-migrate m="create <plural>"`',
        "Read the migration, then apply it: `make db-upgrade`",
        (
            "Name its entity in `src/adapters/sqlalchemy/<plural>.py`, and run `make test`; docs/add-an-entity.md has"
            " all steps"
        ),
    ),
    targets=(
        ("Set up the environment", "`make setup`"),
        ("Create a migration", '`make db-migrate m="add phone to users"`, against a throwaway database'),
        ("Write one by hand", '`make db-migrate m="backfill names" empty=1`, then `make db-lock`'),
        ("Check before you push", "`make db-check`: `versions.lock`, this document, `db-lint` and `db-verify`"),
        ("See what it would do", "`make db-plan`: locks, rewrites and scans, measured on a throwaway database"),
        ("Apply migrations", "`make db-upgrade`"),
        ("Roll back", "`make db-downgrade` (one migration), or `make db-downgrade to=REVISION`"),
        ("View history", "`make db-history`: what the database has had, when, and how long it took"),
        ("Compare with a live database", "`make db-drift`"),
        ("Look at its health", "`make db-audit`"),
        ("Write this document", "`make db-docs`; also as `fastapi-service db docs --format json` and `csv`"),
        ("Check this document", "`make db-docs-check`, which fails if it differs by a byte"),
    ),
    practices=(
        (
            "Always use migrations for schema changes",
            (
                "`make db-verify` builds the schema by the migrations and from the tables, on PostgreSQL and on SQLite,"
                " and compares every kind of object in the catalog; `make db-drift` compares a live database"
            ),
        ),
        (
            "Never modify existing migrations",
            (
                "`alembic/versions.lock` chains a checksum of each, every database records what it applied, and an"
                " upgrade refuses a history that changed; a migration imports no code of the service"
            ),
        ),
        (
            "Test migrations before production",
            (
                "`make db-verify` runs every migration up, down and up on both databases over rows, and compares"
                " schema and rows; `make db-lint` names unsafe statements; `make db-plan` measures locks and rewrites"
            ),
        ),
        (
            "Document all models",
            (
                "This file is generated, and `make db-docs-check` compares it byte by byte; a table or column without a"
                " comment is a finding, and tests insert every example row"
            ),
        ),
        (
            "Use appropriate indexes for frequently queried columns",
            (
                "`make db-lint` finds foreign keys without an index and indexes that duplicate another; a test captures"
                " every query of the service and explains it with sequential scans made costly, and one that still"
                " reads or sorts a whole table fails"
            ),
        ),
        (
            "Use foreign keys for relationships",
            (
                "`make db-lint` finds a `*_id` column without one, a type that differs from its target's, and a missing"
                " ON DELETE; SQLite enforces them on every connection of the service as PostgreSQL does"
            ),
        ),
        (
            "Use timestamps (`created_at`, `updated_at`) for audit trails",
            (
                "`make db-lint` finds a table without them that does not say why, and `make db-verify` changes a row by"
                " plain SQL to see `updated_at` move"
            ),
        ),
    ),
)
