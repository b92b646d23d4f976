"""The service's answers to the schema tools: where its mapping, its migrations and its schema document are."""

from pathlib import Path

from adapters import load_adapters
from adapters.sqlalchemy.tables import metadata
from entrypoints.migration_files import migrations_root
from foundation.sqlalchemy.adapter import map_entities
from schema_tools.project import SchemaDocument, SchemaProject


def schema_project(*, postgres_bindir: Path | None = None) -> SchemaProject:
    """The service's schema. In a checkout it has a document; an installed package brings its migrations only."""
    root = migrations_root()
    document = SchemaDocument(
        path=root / "docs" / "database-schema.md", template=root / "alembic" / "schema_document.md"
    )
    return SchemaProject(
        metadata=metadata,
        alembic_ini=root / "alembic.ini",
        document=document if (root / "pyproject.toml").is_file() else None,
        postgres_bindir=postgres_bindir,
        databases=("postgresql", "sqlite"),
        mapped_kinds=frozenset({"function", "trigger"}),
        encoding="UTF8",
        registries=lambda: (map_entities(metadata, load_adapters("sqlalchemy").values()),),
    )
