"""The revisions of a project as Alembic reads them, and those that a database is at."""

import re
import tomllib
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionMap
from sqlalchemy import Connection

from schema_tools.errors import SchemaToolsError
from schema_tools.foreign_connections import only
from schema_tools.migrations.quiet import quiet
from schema_tools.project import Environment, SchemaProject
from schema_tools.versions import NAME, Versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One migration revision, and its state in a database.

    Attributes:
        revision: Its identifier.
        parents: The revisions it follows: none for the first, several for a merge.
        message: What it does, in its author's words.
        created: When it was written; None when its file has no date in ISO 8601.
        file: The name of its file; empty when there is none.
        applied: Whether the database has it; None when no database was asked.
        last_step: When it was last applied or taken back, in UTC; None without a record of that.
        took: How long that step took.
        taken_back: Whether that step was a downgrade.
        checksum: Of its file and those before it, as in `versions.lock`; empty when there is no file.
        tampered: How its file differs from what was applied, in one sentence; empty when it does not.
    """

    revision: str
    parents: tuple[str, ...]
    message: str
    created: datetime | None
    file: str
    applied: bool | None = None
    last_step: datetime | None = None
    took: timedelta | None = None
    taken_back: bool = False
    checksum: str = ""
    tampered: str = ""


def described(script: Script, *, applied: bool | None = None) -> Revision:
    """What the file of a revision says."""
    parents = script.down_revision or ()
    written = re.search(r"^Create Date: *(\S.*?) *$", script.longdoc, re.MULTILINE)
    try:
        created = datetime.fromisoformat(written[1]) if written else None
    except ValueError:
        created = None
    return Revision(
        revision=script.revision,
        parents=(parents,) if isinstance(parents, str) else tuple(parents),
        message=script.doc.removesuffix("."),
        created=created,
        file=Path(script.path).name,
        applied=applied,
    )


def heads(project: SchemaProject) -> tuple[str, ...]:
    """The newest revision of the project; several when branches have not been merged."""
    return tuple(script_directory(project).get_heads())


def alembic_config(project: SchemaProject) -> Config:
    """Alembic's configuration of the project.

    Raises:
        SchemaToolsError: There is no such file, or it has no such section.
    """
    file = project.alembic_ini
    if not file.is_file():
        raise SchemaToolsError(
            f"there are no migrations: {file} does not exist; name Alembic's configuration, as in --config"
            " path/to/alembic.ini"
        )
    config = Config(
        None if file.suffix == ".toml" else file,
        ini_section=project.section,
        **_toml_file(file.with_name("pyproject.toml")),
        # Alembic reports the files that it writes on standard output, unless it was started with --quiet.
        cmd_opts=Namespace(quiet=True, name=project.section, x=[*project.x_arguments]),
    )
    config.config_args = _Literal()
    # Alembic before 1.16 reads no pyproject.toml.
    if getattr(config, "get_alembic_option", config.get_main_option)("script_location") is None:
        if file.with_name("env.py").is_file():
            # As Flask-Migrate has it.
            config.set_main_option("script_location", str(file.resolve().parent).replace("%", "%%"))
            return config
        where = f"section [{project.section}] of {file}" if file.suffix != ".toml" else f"[tool.alembic] of {file}"
        raise SchemaToolsError(f"there are no migrations: {where} does not say script_location")
    return config


def _toml_file(file: Path) -> dict[str, Any]:
    """The argument that has Alembic read a `pyproject.toml`, if that says anything about it."""
    return {"toml_file": file} if alembic_in_toml(file) else {}


def alembic_in_toml(file: Path) -> bool:
    """Whether a `pyproject.toml` is there and has a table `[tool.alembic]`.

    Raises:
        SchemaToolsError: It cannot be read.
    """
    if not file.is_file():
        return False
    try:
        return "alembic" in tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SchemaToolsError(f"{file.resolve()} cannot be read: {error}") from error


class _Literal(dict[str, Any]):
    """Values that the configuration interpolates as they are: the path of a checkout may have percent signs."""

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, str(value).replace("%", "%%"))


def script_directory(project: SchemaProject) -> ScriptDirectory:
    """The project's revisions, as Alembic reads them.

    Raises:
        SchemaToolsError: They cannot be found.
    """
    config = alembic_config(project)
    try:
        with quiet():
            script = ScriptDirectory.from_config(config)
    except Exception as error:
        raise SchemaToolsError(f"the migrations cannot be read: {error}") from error
    load = script._load_revisions  # noqa: SLF001 -- revisions are run when they are read

    def load_without_connections() -> list[Script]:
        with quiet(), only(None, *code_directories(script)):
            scripts = list(load())
        _refuse_lost_parents(scripts)
        return scripts

    script.revision_map = RevisionMap(load_without_connections)
    return script


def _refuse_lost_parents(scripts: Sequence[Script]) -> None:
    """Alembic would fail without saying which file it is about."""
    known = {one.revision for one in scripts}
    for one in scripts:
        for parent in described(one).parents:
            # By its beginning, or by a branch, it may be one all the same.
            if parent.isalnum() and not any(name.startswith(parent) for name in known):
                raise SchemaToolsError(
                    f"{Path(one.path).name} follows revision {parent}, which is not among the migrations: restore its"
                    " file as git has it, or correct the down_revision"
                )


def is_recorded(
    script: ScriptDirectory, connection: Connection, revision: str, *, up: bool, environment: Environment | None = None
) -> bool:
    """Whether the database says that it has a revision, or after a downgrade that it has it no more.

    It does not when the revision ended the transaction that would have recorded it.
    """
    return (revision in ancestry(script, applied_heads(connection, environment))) is up


UNRECORDED: Final = (
    "ended its transaction itself, so the database does not record it, and keeps what it did: leave commit() and"
    " rollback() to Alembic, and use `with op.get_context().autocommit_block()` for what must run outside"
)

UNCOMMITTED: Final = (
    "was rolled back: env.py begins a transaction before context.configure, as by connection.execute(), so that Alembic"
    " leaves it to env.py to commit, which does not: call connection.commit() before context.configure"
)


def code_directories(script: ScriptDirectory) -> list[Path]:
    """Where `env.py` is, and where revisions are."""
    locations = script._version_locations  # noqa: SLF001 -- `versions` is for a single one
    return [Path(script.dir), *map(Path, locations)]  # Alembic before 1.16 has texts


def versions_of(script: ScriptDirectory) -> Versions:
    """Where the revision files are. Those of several directories have their checksums beside `env.py`."""
    directories = tuple(code_directories(script)[1:])
    beside = directories[0].parent if len(directories) == 1 else Path(script.dir)
    return Versions(directories=directories, lock=beside / NAME, recursive=script.recursive_version_locations)


def applied_heads(connection: Connection, environment: Environment | None = None) -> tuple[str, ...]:
    """The revisions that the database is at: none before the first, several where branches were not merged.

    `environment` says where a database keeps them that is not thrown away; its search path is set from here on.
    """
    kept = environment or Environment()
    if kept.search_path is not None and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET search_path = {kept.search_path}")
    options = {"version_table": kept.version_table, "version_table_schema": kept.version_table_schema}
    return tuple(MigrationContext.configure(connection, opts=options).get_current_heads())


def ancestry(script: ScriptDirectory, heads: tuple[str, ...]) -> set[str]:
    """`heads` and every revision before them.

    Raises:
        alembic.util.CommandError: One of `heads` has no file.
    """
    script.get_revisions(heads)
    return {one.revision for one in script.iterate_revisions(heads, "base")} if heads else set()
