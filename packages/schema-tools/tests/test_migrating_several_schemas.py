"""`migrate` writes the tables of every schema that the mapping names, and no document that a project does not have."""

import shutil
from pathlib import Path

import pytest

from scratch_project import TEMPLATE
from tool_commands import tools

SHOP = Path(__file__).parent / "foreign" / "several_schemas"
MORE = """
Table(
    "carts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("line_id", ForeignKey("sales.order_lines.id"), info={"example": 1}),
    Column("kind", Enum("a", "b", name="cart_kind", schema="sales"), nullable=False, info={"example": "a"}),
    schema="sales",
)
Table("notes", metadata, Column("id", Integer, primary_key=True))
Table("boxes", metadata, Column("id", Integer, primary_key=True), schema="Ware House")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a lock and without a document, whose mapping has tables that no revision makes."""
    directory = tmp_path / "shop"
    shutil.copytree(SHOP, directory, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TEMPLATE / "alembic" / "script.py.mako", directory / "migrations")
    assert tools("lock", cwd=directory).returncode == 0
    (directory / "shop.py").write_text((directory / "shop.py").read_text() + MORE)
    return directory


@pytest.mark.parametrize("includes", [True, False])
def test_tables_of_all_schemas_are_written_and_taken_back(
    project: Path,
    includes: bool,  # noqa: FBT001 -- a parameter
) -> None:
    env = project / "migrations" / "env.py"
    env.write_text(env.read_text().replace("include_schemas=True", f"include_schemas={includes}"))

    done = tools("migrate", "-m", "add carts", cwd=project)

    assert (done.returncode, done.stderr) == (0, "")
    (file,) = project.glob("migrations/versions/*_add_carts.py")
    assert done.stdout == f"written: {file}\n"
    up, _, down = file.read_text().partition("def downgrade")
    assert (up.count("op.create_table("), down.count("op.drop_table(")) == (3, 3)
    assert (up.count('schema="Ware House"'), up.count("op.execute('CREATE SCHEMA \"Ware House\"')")) == (1, 1)
    assert 'op.execute("DROP TYPE sales.cart_kind")' in down
    assert tools("verify", "--without-opinions", cwd=project).returncode == 0
    assert not (project / "docs").exists()
    assert tools("migrate", "-m", "nothing", cwd=project).returncode == 1


def test_a_document_that_is_there_is_written_anew(project: Path) -> None:
    assert tools("docs", cwd=project).stdout == "written: docs/database-schema.md\n"
    document = project / "docs" / "database-schema.md"
    before = document.read_text()

    done = tools("migrate", "-m", "add carts", cwd=project)

    assert done.returncode == 1  # the tables have no comments
    assert "carts has no comment" in done.stderr
    assert document.read_text() != before
    assert "add carts" in document.read_text()


def test_a_document_that_is_named_is_written(project: Path) -> None:
    tools("migrate", "-m", "add carts", "--document", "schema.md", cwd=project)

    assert "add carts" in (project / "schema.md").read_text()


def test_a_column_and_an_index_of_another_schema_are_written(project: Path) -> None:
    assert tools("migrate", "-m", "add carts", cwd=project).returncode == 0
    shop = project / "shop.py"
    changed = 'Column("note", String(20), server_default="none", index=True),\n    schema="sales",\n)\nTable("notes"'
    shop.write_text(shop.read_text().replace('schema="sales",\n)\nTable("notes"', changed))

    done = tools("migrate", "-m", "add note", cwd=project)

    assert (done.returncode, done.stderr) == (1, "")  # the index is built in one transaction with its column
    (file,) = project.glob("migrations/versions/*_add_note.py")
    assert file.read_text().count('schema="sales"') == 4
