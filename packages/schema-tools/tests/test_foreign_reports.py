"""What stopped the tools when they were tried on projects of others: one small project for each kind of fault."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tool_commands import tools

INI = """\
[alembic]
script_location = %(here)s/migrations
prepend_sys_path = .
sqlalchemy.url = postgresql+psycopg://app@db.example.com/notes
"""
# As `alembic init` writes it, shortened: it connects by itself.
ENV = """\
from alembic import context
from sqlalchemy import engine_from_config, pool
from tables import metadata

section = context.config.get_section(context.config.config_ini_section)
with engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """\
import sqlalchemy as sa
from alembic import context, op

revision = {name!r}
down_revision = {parent!r}


def upgrade():
    {up}


def downgrade():
    {down}
"""
TABLES = "from sqlalchemy import *\n\nmetadata = MetaData()\n"
NOTES = 'Table("notes", metadata, Column("id", Integer, primary_key=True), Column("body", Text, nullable=False))\n'
KEY = "sa.Column('id', sa.Integer, primary_key=True)"
MAKE = f"op.create_table('notes', {KEY}, sa.Column('body', sa.Text, nullable=False))"
DROP = "op.drop_table('notes')"
STATIONS = """\
from sqlalchemy import *

metadata = MetaData(naming_convention={"fk": "fk_%(table_name)s__%(column_0_name)s__%(referred_table_name)s"})
Table("meteorological_observation_station", metadata, Column("id", Integer, primary_key=True))
station = ForeignKey("meteorological_observation_station.id", ondelete="CASCADE")
Table(
    "meteorological_observation_reading",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("station_id", station, index=True),
)
"""
IDENTIFIED = 'Uuid, primary_key=True, server_default=text("gen_random_uuid()")'
OTHER_KEY = """\
new_id = sa.Column("new_id", sa.Uuid, server_default=sa.text("gen_random_uuid()"), nullable=False)
    op.add_column("notes", new_id)
    op.drop_column("notes", "id")
    op.alter_column("notes", "new_id", new_column_name="id")
    op.create_primary_key("notes_pkey", "notes", ["id"])
"""
NUMBERED = "server_default=text('next_number()')"
ASKING = f"""\
engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"))
    if not sa.inspect(engine).has_table("notes"):
        {MAKE}
"""


@dataclass(frozen=True)
class Report:
    """A project, and what the tools find in it.

    Attributes:
        revisions: What each does, and what takes it back.
        tables: The mapping, after its imports.
        lint: The rules that `lint` finds, besides opinions and `no-timeouts`.
        verify: The rules that `verify` finds.
        arguments: For both.
        env: The text of `env.py`.
    """

    revisions: tuple[tuple[str, str], ...] = ((MAKE, DROP),)
    tables: str = TABLES + NOTES
    lint: list[str] = field(default_factory=list)
    verify: list[str] = field(default_factory=list)
    arguments: tuple[str, ...] = ()
    env: str = ENV


def sql(*statements: str) -> str:
    return "; ".join(f"op.execute({statement!r})" for statement in statements)


REPORTS = {
    "01: an env.py that connects by itself": Report(),
    "02: a revision reads the context": Report(
        revisions=((f"if context.get_context().dialect.name == 'postgresql':\n        {MAKE}", DROP),)
    ),
    "03: a revision raises": Report(
        revisions=(
            (MAKE, DROP),
            ("raise ValueError('made by hand')", "pass"),
            (sql("ALTER TABLE notes ADD COLUMN extra text"), sql("ALTER TABLE notes DROP COLUMN extra")),
        ),
        tables=TABLES + NOTES.replace("nullable=False)", 'nullable=False), Column("extra", Text)'),
        lint=["upgrade-raises"],
        verify=["upgrade-fails"],
    ),
    "04: a convention shortens a name, and has none for indexes": Report(
        tables=STATIONS, revisions=(), verify=["head-differs", "head-differs"]
    ),
    "05: a column of the same revision is renamed": Report(
        tables=TABLES + NOTES.replace("Integer, primary_key=True", IDENTIFIED),
        revisions=((MAKE, DROP), (OTHER_KEY, "raise NotImplementedError('the old ids are gone')")),
        lint=["drop-column", "primary-key-builds-index", "volatile-default"],
    ),
    "06: a default calls a function of a migration": Report(
        tables=f"{TABLES}Table('notes', metadata, Column('id', BigInteger, {NUMBERED}, primary_key=True))\n",
        revisions=(
            (
                sql(
                    "CREATE SEQUENCE numbers",
                    "CREATE FUNCTION next_number() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('numbers') * 7 $$",
                    "CREATE TABLE notes (id bigint DEFAULT next_number() PRIMARY KEY)",
                ),
                sql("DROP TABLE notes"),
            ),
        ),
        verify=["left-behind", "left-behind", "upgrade-not-repeatable"],
    ),
    "07: a trigger that only migrations make": Report(
        revisions=(
            (
                sql(
                    "CREATE TABLE notes (id serial PRIMARY KEY, body text NOT NULL)",
                    "CREATE FUNCTION trimmed() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN NEW.body := trim(NEW.body); RETURN NEW; END $$",
                    "CREATE TRIGGER notes_trimmed BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION trimmed()",
                ),
                sql("DROP TABLE notes", "DROP FUNCTION trimmed()"),
            ),
        )
    ),
    "08: a table with the name that our table had": Report(
        tables=TABLES + NOTES.replace("notes", "migration_log"),
        revisions=((MAKE.replace("notes", "migration_log"), DROP.replace("notes", "migration_log")),),
    ),
    "09: a base of which the metadata is named by its path": Report(
        tables="from sqlalchemy import *\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n\n"
        "class Base(DeclarativeBase):\n    pass\n\nmetadata = Base.metadata\n\n"
        "class Note(Base):\n    __tablename__ = 'notes'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "    body: Mapped[str] = mapped_column(Text)\n",
        arguments=("--metadata", "tables:Base.metadata"),
    ),
    "10: a revision commits": Report(
        revisions=(
            (f"{MAKE}; op.get_bind().commit(); op.execute('SELECT 1')", DROP),
            (sql("ALTER TABLE notes ADD COLUMN extra text"), sql("ALTER TABLE notes DROP COLUMN extra")),
        ),
        tables=TABLES + NOTES.replace("nullable=False)", 'nullable=False), Column("extra", Text)'),
        lint=["dynamic-sql"],
        verify=["upgrade-fails"],
    ),
    "11: an id of another system": Report(
        tables=TABLES + 'Table("notes", metadata, Column("id", Integer, primary_key=True), Column("body", Text,'
        ' nullable=False), Column("processor_id", Text), Column("tax_id", Text))\n',
        revisions=((MAKE.replace("))", "), sa.Column('processor_id', sa.Text), sa.Column('tax_id', sa.Text))"), DROP),),
    ),
    "12: a revision connects to the URL of the configuration": Report(
        revisions=((ASKING, DROP),),
        lint=["dynamic-sql"],
        verify=["upgrade-fails"],
    ),
}


@pytest.fixture(params=REPORTS)
def report(request: pytest.FixtureRequest, tmp_path: Path) -> Report:
    found = REPORTS[request.param]
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text(INI)
    (tmp_path / "tables.py").write_text(found.tables)
    (tmp_path / "migrations" / "env.py").write_text(found.env)
    for number, (up, down) in enumerate(found.revisions, start=1):
        parent = f"{number - 1:04}" if number > 1 else None
        content = REVISION.format(name=f"{number:04}", parent=parent, up=up, down=down)
        (versions / f"{number:04}.py").write_text(content)
    return found


def test_a_project_of_each_kind_is_linted(report: Report, tmp_path: Path) -> None:
    done = tools("lint", *report.arguments, "--without-opinions", "--format", "json", cwd=tmp_path)

    assert done.stderr == ""
    assert sorted(one["rule"] for one in json.loads(done.stdout)["findings"]) == sorted([*report.lint, "no-timeouts"])


def test_a_project_of_each_kind_is_rehearsed(report: Report, tmp_path: Path) -> None:
    done = tools("verify", *report.arguments, "--format", "json", cwd=tmp_path)

    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert [one["rule"] for one in result["findings"]] == report.verify
    assert len(result["revisions"]) == len(report.revisions)
    assert done.returncode == (1 if report.verify else 0)
