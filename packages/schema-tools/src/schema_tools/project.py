"""The project that the schema tools work on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from sqlalchemy import MetaData
from sqlalchemy.orm import registry

LOG_TABLE: Final = "schema_tools_log"
"""The usual name of the table in which is recorded what was done to a database."""


@dataclass(frozen=True, kw_only=True)
class SchemaDocument:
    """The schema document of a project.

    Attributes:
        path: The file.
        template: The Markdown file that it is made from: `<!-- tables -->`, `<!-- diagram -->` and `<!-- history -->`
            stand where these are written. The one of this package is for any project.
        texts: What is written in place of other comments, by their text.
        unasked: Whether the project says nothing of a document, so that it has one only where the file is there.
    """

    path: Path
    template: Path = Path(__file__).parent / "document" / "template.md"
    texts: Mapping[str, str] = field(default_factory=dict)
    unasked: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether the project has such a document, which what changes the schema writes anew."""
        return not self.unasked or self.path.is_file()

    @classmethod
    def of_any_project(cls, path: Path, *, tables: str, migrations: Path, unasked: bool = False) -> Self:
        """The document of a project of which only the module `tables` and Alembic's configuration file are known."""
        texts = {"source": f"`{tables}`", "migrations": f"`{migrations.name}`"}
        return cls(path=path, texts=texts, unasked=unasked)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the `env.py` of a project passes to Alembic's `context.configure`.

    Attributes:
        metadata: Its `target_metadata`, as one; None where it passes none.
        dialect: The kind of its database, `postgresql` or `sqlite`.
        version_table: The table that says which revisions the database has.
        version_table_schema: The schema of that table; None for the default one.
        log_table: The table in which these tools record what they did to a database.
        include_schemas: Whether schemas beside the default one are compared.
        include_name: Says by its name, kind and parents what of a database is compared; None for everything.
        include_object: Says the same of an object of the database or of the mapping.
        compare_type: Whether the types of columns are compared, or what says of one whether it differs.
        compare_server_default: Whether the defaults of columns are compared.
        search_path: The schemas in which its database looks for names, as `SET search_path` has them; None for the
            usual ones.
    """

    metadata: MetaData | None = None
    dialect: str = "postgresql"
    version_table: str = "alembic_version"
    version_table_schema: str | None = None
    log_table: str = LOG_TABLE
    include_schemas: bool = False
    include_name: Callable[..., bool] | None = None
    include_object: Callable[..., bool] | None = None
    compare_type: bool | Callable[..., bool | None] = True
    compare_server_default: bool | Callable[..., bool | None] = True
    search_path: str | None = None


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What a history begins with where its first revisions do not make the whole schema.

    Attributes:
        revision: The revision that the schema is that of, `base` for before the first one.
        schema: An SQL file, as `pg_dump --schema-only` writes it, or the URL of a database, which is only read.
    """

    revision: str
    schema: str


@dataclass(frozen=True, kw_only=True)
class SchemaProject:
    """A mapping, its migrations and its document.

    Attributes:
        metadata: Every table of the mapping, the truth that the migrations are measured against.
        alembic_ini: Alembic's configuration file; its `script_location` says where `env.py` and `versions/` are. It is
            an INI file or a `pyproject.toml`, and one of these beside an INI file is read, too.
        section: The section of the INI file.
        x_arguments: What `env.py` and revisions are given by `context.get_x_argument()`, each as `name=value`.
        environment: What `env.py` passes to `context.configure`.
        baseline: What rehearsals begin with; None where the first revision begins with nothing.
        document: The schema document, or None where there is none to write (an installed package has no `docs/`).
        postgres_bindir: A directory of PostgreSQL binaries to prefer for throwaway servers.
        databases: The dialects that the migrations are for, the one that is judged in full first.
        registries: Gives the registries of the classes that are mapped onto the tables, whose relationships the
            document lists; asked for when it is written.
        mapped_kinds: The kinds of objects, such as `trigger` and `function`, of which the mapping makes all by DDL
            events, so that any other is superfluous. Of another kind that no mapping can tell, such as `view`, what
            the migrations make is right, unless the mapping makes one of the kind.
        encoding: The encoding that a PostgreSQL database must have to be upgraded, as `UTF8`; None for any.
    """

    metadata: MetaData
    alembic_ini: Path
    section: str = "alembic"
    x_arguments: Sequence[str] = ()
    environment: Environment = Environment()
    baseline: Baseline | None = None
    document: SchemaDocument | None = None
    postgres_bindir: Path | None = None
    databases: Sequence[str] = ("postgresql",)
    registries: Callable[[], Iterable[registry]] = lambda: ()
    mapped_kinds: frozenset[str] = frozenset()
    encoding: str | None = None
