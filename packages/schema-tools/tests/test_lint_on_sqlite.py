"""A project for SQLite has no findings about what PostgreSQL alone has; one for both databases has them."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import CHAR, JSON, Column, DateTime, ForeignKey, Integer, MetaData, Table

from lint_project import LintProject, rules_of
from schema_tools.lint import lint_revisions, lint_tables
from schema_tools.lint.rule import REVISION_RULES, TABLE_RULES
from schema_tools.lint.rules import has_meaning
from schema_tools.project import SchemaProject

NOTES = 'op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("body", sa.Text))'
UNSAFE = """
op.create_index("ix_notes_body", "notes", ["body"], unique=True)
op.execute("UPDATE notes SET body = ''")
# lint: allow type-change-rewrites because SQLite copies the table in any case
op.alter_column("notes", "body", type_=sa.Integer)
op.rename_table("notes", "messages")
op.drop_column("messages", "body")
"""
OF_SQLITE = {"unique-over-existing-rows", "rename-table", "drop-column"}


@pytest.fixture
def project(tmp_path: Path) -> SchemaProject:
    lint = LintProject.made(tmp_path, NOTES)
    lint.add(UNSAFE)
    (tmp_path / "alembic" / "env.py").write_text("from alembic import context\n")
    return replace(lint.project, metadata=notes())


def notes() -> MetaData:
    metadata = MetaData()
    Table(
        "notes",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("at", DateTime, comment="When"),
        Column("code", CHAR(3), info={"lint": {"char-type": "a code of ISO 4217"}}),
        Column("more", JSON),
        Column("parent_id", ForeignKey("notes.id")),
    )
    return metadata


def test_a_project_for_sqlite_has_no_findings_about_postgresql(project: SchemaProject) -> None:
    found = lint_revisions(replace(project, databases=("sqlite",)))

    assert rules_of(found) == OF_SQLITE
    assert not any("concurrently" in one.fix.lower() for one in found)
    assert rules_of(lint_tables(notes(), databases=("sqlite",))) == {
        "missing-comment", "foreign-key-without-index", "foreign-key-without-on-delete",
    }  # fmt: skip


@pytest.mark.parametrize("databases", [("postgresql",), ("postgresql", "sqlite"), ("sqlite", "postgresql")])
def test_a_project_for_both_databases_has_all_findings(project: SchemaProject, databases: tuple[str, ...]) -> None:
    found = lint_revisions(replace(project, databases=databases))

    assert rules_of(found) > OF_SQLITE | {"no-timeouts", "index-not-concurrent", "unbatched-update"}
    assert rules_of(lint_tables(notes(), databases=databases)) > {"json-type", "timestamp-without-zone"}


def test_each_name_is_that_of_a_rule() -> None:
    kept = [one.name for one in (*REVISION_RULES, *TABLE_RULES) if has_meaning(one.name, ("sqlite",))]

    assert len(kept) == 22
    assert not has_meaning("no-timeouts", ("sqlite",))
