"""Mappings whose indexes and constraints SQLAlchemy shortens the names of, or cannot name: every command works."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Constraint,
    Enum,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    func,
)
from sqlalchemy.schema import conv

from rehearsals import executing, on_postgresql
from schema_tools.catalog.drift import drift
from schema_tools.catalog.mapped import MappingNotMade
from schema_tools.catalog.naming import database_name, named_items
from schema_tools.document.data_dictionary import data_dictionary
from schema_tools.document.markdown import render_document
from schema_tools.document.tbls import tbls_document
from schema_tools.lint import lint_tables
from schema_tools.migrations import runner
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaDocument, SchemaProject
from schema_tools.rehearsal.verify import verify
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from schema_tools.writing.revise import migrate
from scratch_project import CONVENTION, ScratchProject

LONG = "meteorological_observation"


def joined_columns(constraint: Any, _table: Table) -> str:
    """A token of a naming convention that is a function."""
    return "_".join(column.name for column in constraint.columns)


CONVENTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "foreign keys only": {"fk": "fk_%(table_name)s__%(column_0_name)s__%(referred_table_name)s"},
    "checks only": {"ck": "ck_%(table_name)s_%(constraint_name)s"},
    "all": dict(CONVENTION),
    "a function": {"columns": joined_columns, "ix": "ix_%(table_name)s_%(columns)s", "uq": "uq_%(columns)s"},
}


def observations(convention: dict[str, Any], *extra: Constraint | Index) -> MetaData:
    """Two tables with indexes and constraints of every kind, hardly one of which has a name of its own."""
    metadata = MetaData(naming_convention=convention)
    append_only = {"append_only": "it is measured once"}
    Table(f"{LONG}_station", metadata, Column("id", Integer, Identity(), primary_key=True), info=append_only)
    table = Table(
        f"{LONG}_reading",
        metadata,
        Column("id", Integer, Identity(), primary_key=True),
        Column("station_id", ForeignKey(f"{LONG}_station.id", ondelete="CASCADE"), index=True),
        Column("is_valid", Boolean(create_constraint=True)),
        Column("kind", Enum("rain", "sun", native_enum=False, create_constraint=True)),
        Column("code", String(20), unique=True),
        Column("Degrees", Integer, index=True),
        CheckConstraint('"Degrees" < 90', name="degrees"),
        CheckConstraint('"Degrees" > -90', name=conv("ck_as_it_is")),
        UniqueConstraint("code", "Degrees"),
        *extra,
        info=append_only,
    )
    Index(None if "ix" not in convention and convention else "ix_lower", func.lower(table.c.code))
    return metadata


NAMELESS = {
    "foreign keys only": f'ALTER INDEX "ix_{LONG}_reading_Degrees" RENAME TO degrees_as_the_migration_calls_it',
}  # fmt: skip


@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_command_works_whatever_the_convention_names(
    name: str, postgres_servers: PostgresServers, tmp_path: Path
) -> None:
    metadata = observations(CONVENTIONS[name])
    before = [(one, one.name) for one in named_items(metadata)]
    newest = postgres_servers.server(POSTGRES_NAMES[-1])
    scratch = ScratchProject.made(tmp_path, newest)
    scratch.revision(
        "first",
        f"""\
from schema_tools.catalog.mapped import make_mapped
    from test_names_of_mappings import CONVENTIONS, NAMELESS, observations

    make_mapped(op.get_bind(), observations(CONVENTIONS[{name!r}]))
    op.execute(NAMELESS.get({name!r}, "SELECT 1"))""",
        f"op.drop_table({LONG + '_reading'!r})\n    op.drop_table({LONG + '_station'!r})",
    )
    project = on_postgresql(scratch, metadata)
    project = SchemaProject(
        metadata=metadata,
        alembic_ini=project.alembic_ini,
        document=SchemaDocument.of_any_project(tmp_path / "schema.md", tables="it", migrations=project.alembic_ini),
    )

    assert not {one.rule for one in lint_tables(metadata)} & {"long-identifier", "duplicate-index"}
    assert f"{LONG}_reading" in render_document(project)
    assert f"{LONG}_reading" in data_dictionary(metadata)
    assert len(tbls_document(project)["tables"]) == 2
    assert [one for one in verify(project, newest).findings if one.rule == "head-differs"] == []
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        runner.upgrade(project, url)
        assert drift(project, url) == []
    after = [(one, one.name) for one in named_items(metadata)]
    assert after == before


@pytest.mark.parametrize("name", ["a.b", 'we"ird %s.Tablé', "колонка :x", "t" * 63])
def test_every_command_works_whatever_a_table_is_called(
    name: str, tmp_path: Path, postgres_servers: PostgresServers
) -> None:
    metadata = odd_names(name)
    server = postgres_servers.server(POSTGRES_NAMES[-1])
    scratch = ScratchProject.made(tmp_path, server)
    scratch.revision(
        "first",
        f"""\
from schema_tools.catalog.mapped import make_mapped
    from test_names_of_mappings import odd_names

    make_mapped(op.get_bind(), odd_names({name!r}))""",
        f"op.drop_table('notes')\n    op.drop_table({name!r})",
    )

    report = verify(on_postgresql(scratch, metadata), server)
    assert ([one.stopped for one in report.revisions], report.findings) == ([False], [])
    assert {one.rule for one in lint_tables(metadata)} >= {"missing-comment", "foreign-key-without-on-delete"}
    assert len(tbls_document(on_postgresql(scratch, metadata))["tables"]) == 2
    assert name in data_dictionary(metadata).replace('""', '"')


def test_a_table_with_a_dot_in_its_name_is_dropped(tmp_path: Path, postgres_servers: PostgresServers) -> None:
    scratch = ScratchProject.made(tmp_path, postgres_servers.server(POSTGRES_NAMES[-1]))
    scratch.revision("first", 'op.execute(\'CREATE TABLE "a.b" (id int PRIMARY KEY REFERENCES "a.b")\')')

    written = migrate(on_postgresql(scratch, MetaData()), "drop it", scratch.server)

    assert 'op.drop_table("a.b")' in written.read_text()


def odd_names(name: str) -> MetaData:
    """A table of that name, and one that refers to it."""
    metadata = MetaData()
    target = Table(name, metadata, Column("id %s", Integer, primary_key=True), Column('d.o.t "x"', String, index=True))
    Table("notes", metadata, Column("target", ForeignKey(target.c["id %s"]), index=True, primary_key=True))
    return metadata


def test_what_sqlalchemy_shortens_has_the_name_that_it_makes() -> None:
    convention = CONVENTIONS["foreign keys only"]
    (key,) = observations(convention).tables[f"{LONG}_reading"].foreign_key_constraints

    assert len(str(key.name)) > 63
    assert len(database_name(key) or "") < 63
    assert f"fk_{LONG}_reading__station_id__m" in str(database_name(key))


def test_a_name_that_was_given_and_is_too_long_is_a_finding_and_compared_as_the_database_cuts_it(
    newest: RunningPostgres, tmp_path: Path
) -> None:
    name = "x" * 70
    metadata = observations({}, CheckConstraint('"Degrees" <> 7', name=name), Index("y" * 70, "kind"))
    scratch = ScratchProject.made(tmp_path, newest)
    scratch.revision(
        "first",
        """\
from schema_tools.catalog.mapped import make_mapped
    from test_names_of_mappings import observations

    make_mapped(op.get_bind(), observations({}))"""
        "\n    "
        + executing(
            f'ALTER TABLE {LONG}_reading ADD CONSTRAINT {name} CHECK ("Degrees" <> 7)',
            f"CREATE INDEX {'y' * 70} ON {LONG}_reading (kind)",
        ),
        f"op.drop_table({LONG + '_reading'!r})\n    op.drop_table({LONG + '_station'!r})",
    )

    cut = {(one.place, one.fix) for one in lint_tables(metadata) if one.rule == "long-identifier"}

    assert cut == {(name, "x" * 63), ("y" * 70, "y" * 63)}
    assert [
        one for one in verify(on_postgresql(scratch, metadata), newest).findings if one.rule == "head-differs"
    ] == []


def test_a_weak_index_without_a_name_is_named_by_its_columns() -> None:
    metadata = observations(CONVENTIONS["foreign keys only"])
    Index(None, metadata.tables[f"{LONG}_reading"].c.code)

    (found,) = [one for one in lint_tables(metadata) if one.rule == "duplicate-index"]

    assert found.place == f"index on {LONG}_reading (code)"


def test_what_sqlalchemy_cannot_word_is_a_finding_of_verify_and_a_sentence_of_drift(
    newest: RunningPostgres, tmp_path: Path, postgres_servers: PostgresServers
) -> None:
    metadata = MetaData()
    Table("notes", metadata, Column("id", Integer, primary_key=True), Column("team_id", ForeignKey("teams.id")))
    scratch = ScratchProject.made(tmp_path, newest)
    scratch.revision("first", executing("CREATE TABLE notes (id serial PRIMARY KEY)"), executing("DROP TABLE notes"))
    project = on_postgresql(scratch, metadata)

    (found,) = [one for one in verify(project, newest).findings if one.place == "mapping"]

    assert (found.rule, "'teams'" in found.message) == ("mapping-not-made", True)
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url, pytest.raises(MappingNotMade, match="teams"):
        drift(project, url)


@pytest.fixture
def newest(postgres_servers: PostgresServers) -> RunningPostgres:
    return postgres_servers.server(POSTGRES_NAMES[-1])
