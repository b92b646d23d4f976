"""`migrate` on a project for PostgreSQL alone: safe code, and what Alembic does not compare, without an edit."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from schema_tools.migrations.lock_file import check_lock
from schema_tools.project import SchemaProject
from schema_tools.testing.in_process import Done
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from tool_commands import tools

TESTS = Path(__file__).parent

PEN_NAME = '        Column("pen_name", String(200), comment="The name on the cover, where it is another"),\n'
BORN = '        Column("born", Date, comment="Day of birth"),\n'

SHELVES = """\
Table("shelves", metadata, _id(), Column("kind", Enum("wood", name="shelf_kind"), info={"example": "wood"}))
"""

# As the command does it, on a server that runs already.
MIGRATE = """
import sys

from bookshop.tables import metadata
from pathlib import Path
from schema_tools.database_urls import migration_url
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.writing.revise import migrate

project = SchemaProject(metadata=metadata, alembic_ini=Path("bookshop/alembic.ini"))
print(migrate(project, sys.argv[1], RunningPostgres.at(migration_url(sys.argv[2]))))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the bookshop, as a project of its own."""
    shutil.copytree(TESTS / "bookshop", tmp_path / "bookshop", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture
def server_url(postgres_servers: PostgresServers) -> str:
    return postgres_servers.server(POSTGRES_NAMES[-1]).admin.render_as_string(hide_password=False)


def edit(shop: Path, *changes: tuple[str, str]) -> None:
    file = shop / "bookshop" / "tables.py"
    source = file.read_text()
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    file.write_text(source)


def migrate(shop: Path, message: str, server_url: str) -> str:
    """The functions of the revision that is written, without their docstrings."""
    done = subprocess.run(
        [sys.executable, "-c", MIGRATE, message, server_url], cwd=shop, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    code = Path(done.stdout.strip()).read_text()
    return " ".join(code.partition("def upgrade")[2].split())


def test_a_column_its_index_and_what_alembic_does_not_compare(shop: Path, server_url: str) -> None:
    project = SchemaProject(metadata=MetaData(), alembic_ini=shop / "bookshop" / "alembic.ini")
    edit(shop, (PEN_NAME, PEN_NAME + BORN))
    column = migrate(shop, "add birthdays", server_url)
    assert 'op.add_column( "authors", sa.Column("born", sa.Date(), nullable=True, comment="Day of birth") )' in column

    edit(shop, ('comment="Day of birth"', 'comment="Day of birth", index=True'))
    index = migrate(shop, "index birthdays", server_url)
    for operation, existence in (("create_index", "if_not_exists"), ("drop_index", "if_exists")):
        assert f"with op.get_context().autocommit_block(): op.{operation}(" in index
        assert f"postgresql_concurrently=True, {existence}=True" in index

    edit(shop, ('"audio", name', '"audio", "ebook", name'), ("start=1000", "start=1000, increment=10"))
    edit(shop, ("book_prices = Table(", f"{SHELVES}\nbook_prices = Table("))
    more = migrate(shop, "shelves and audio", server_url)
    up, _, down = more.partition("def downgrade")
    assert "op.execute(\"ALTER TYPE book_format ADD VALUE IF NOT EXISTS 'ebook' AFTER 'audio'\")" in up
    assert 'op.execute("ALTER SEQUENCE invoice_numbers INCREMENT BY 10")' in up
    assert 'op.execute("ALTER SEQUENCE invoice_numbers INCREMENT BY 1") op.drop_table("shelves")' in down
    assert down.endswith('op.execute("DROP TYPE shelf_kind")')

    for code in (column, index, more):
        assert "dialect" not in code
        assert "batch" not in code
    assert check_lock(project) == []


def test_a_column_comes_with_its_enum_its_index_and_its_check(shop: Path, server_url: str) -> None:
    mood = 'Column("mood", Enum("glad", "sad", name="mood"), index=True, comment="Mood")'
    age = 'Column("age", Integer, CheckConstraint("age > 17", name="adult"), unique=True, comment="Years")'
    edit(shop, (PEN_NAME, f"{PEN_NAME}        {mood},\n        {age},\n"))
    up, _, down = migrate(shop, "add moods", server_url).partition("def downgrade")

    made = up.index("op.execute(\"CREATE TYPE mood AS ENUM ('glad', 'sad')\")")
    assert made < up.index('op.add_column( "authors", sa.Column( "mood"')
    assert "ADD CONSTRAINT ck_authors_adult CHECK" in up
    assert (up.count("op.create_index"), up.count("op.create_unique_constraint")) == (1, 1)
    assert down.endswith('op.execute("DROP TYPE mood")')


def test_what_cannot_be_generated_is_said_in_a_sentence(shop: Path, server_url: str) -> None:
    edit(shop, (PEN_NAME, PEN_NAME.replace("String(200)", "Integer")))
    done = subprocess.run(
        [sys.executable, "-c", MIGRATE, "count pen names", server_url],
        cwd=shop,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "SchemaToolsError: this revision must be written by hand, with `migrate --empty`" in done.stderr
    assert 'column "pen_name" cannot be cast automatically to type integer' in done.stderr


def test_an_empty_revision_is_filled_by_hand_and_then_recorded(shop: Path) -> None:
    def run(*arguments: str) -> Done:
        options = ("--metadata", "bookshop.tables:metadata", "--config", "bookshop/alembic.ini")
        return tools(*arguments, *options, cwd=shop)

    assert run("docs").returncode == 0
    written = run("migrate", "--empty", "-m", "fill in the pen names")
    assert written.returncode == 0, written.stderr
    file = Path(written.stdout.removeprefix("written: ").strip())
    assert file.read_text().count("    pass\n") == 2

    file.write_text(file.read_text().replace("    pass\n", '    op.execute("SELECT 1")\n', 1))
    recorded = run("lock", "--format", "json")
    assert recorded.returncode == 0, recorded.stderr
    (revision,) = json.loads(recorded.stdout)["recorded"]
    assert revision in file.name
    assert json.loads(run("lock", "--format", "json").stdout) == {"recorded": []}
    assert (shop / "docs" / "database-schema.md").read_text().count("fill in the pen names") == 1
