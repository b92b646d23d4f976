"""Small histories to rehearse: two revisions in a directory, and what the rehearsal says of them."""

from pathlib import Path

from sqlalchemy import MetaData

from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.revision_report import RevisionReport
from schema_tools.rehearsal.round_trip import round_trips
from schema_tools.rehearsal.scratch import Places
from schema_tools.rehearsal.spare import Databases
from schema_tools.rehearsal.steps import Revisions
from scratch_project import ScratchProject

LIBRARY = (
    "CREATE TABLE authors (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)",
    """CREATE TABLE books (
      id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      title text NOT NULL DEFAULT 'untitled',
      pages int,
      price numeric(10, 2) NOT NULL CONSTRAINT price_positive CHECK (price > 0),
      isbn varchar(13) NOT NULL CONSTRAINT isbn_unique UNIQUE,
      author_id int CONSTRAINT book_author REFERENCES authors ON DELETE CASCADE
    )""",
    "CREATE INDEX books_author ON books (author_id)",
    "COMMENT ON COLUMN books.title IS 'Title'",
    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER books_touch BEFORE UPDATE ON books FOR EACH ROW EXECUTE FUNCTION touch()",
    "CREATE VIEW cheap AS SELECT id FROM books WHERE price < 10",
    "CREATE SEQUENCE runs",
)
WITHOUT_LIBRARY = (
    "DROP SEQUENCE runs",
    "DROP VIEW cheap",
    "DROP TABLE books",
    "DROP TABLE authors",
    "DROP FUNCTION touch()",
)


def executing(*statements: str) -> str:
    """The code of a revision that executes the statements."""
    return "\n    ".join(f"op.execute({statement!r})" for statement in statements) or "pass"


def with_library(directory: Path, server: RunningPostgres) -> ScratchProject:
    """A project whose first revision makes two tables and what belongs to them, and takes them back as it should."""
    scratch = ScratchProject.made(directory, server)
    scratch.revision("first", executing(*LIBRARY), executing(*WITHOUT_LIBRARY))
    return scratch


def on_postgresql(scratch: ScratchProject, metadata: MetaData | None = None) -> SchemaProject:
    """The project, for PostgreSQL alone."""
    return SchemaProject(metadata=metadata or MetaData(), alembic_ini=scratch.directory / "alembic.ini")


def rehearsed(project: SchemaProject, server: RunningPostgres, directory: Path, dialect: str) -> list[RevisionReport]:
    """What becomes of every revision; the mapping is not compared."""
    with Databases(Revisions(project), dialect, Places(server, directory)) as databases:
        return list(round_trips(databases))
