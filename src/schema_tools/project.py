"""What the schema tools need to know about the project they work for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import MetaData


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
    """

    metadata: MetaData
    alembic_ini: Path
    document: SchemaDocument | None = None
    postgres_bindir: Path | None = None
