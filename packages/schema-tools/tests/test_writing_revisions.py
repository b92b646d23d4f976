"""`db migrate` writes a revision that is right on both databases, up and down, without an edit."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Enum,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    func,
    inspect,
    text,
)

from schema_tools.catalog.stored_code import stored_code
from schema_tools.errors import SchemaToolsError
from schema_tools.migrations import runner
from schema_tools.migrations.history import history
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from schema_tools.writing.revise import NothingToMigrate
from scratch_project import CONVENTION, ScratchProject, accounts, watch


@pytest.fixture(params=POSTGRES_NAMES[-1:])
def scratch(request: pytest.FixtureRequest, tmp_path: Path, postgres_servers: PostgresServers) -> ScratchProject:
    """A project without revisions; what it writes does not depend on the release, so one server is enough."""
    return ScratchProject.made(tmp_path / "project", postgres_servers.server(request.param))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, postgres_servers: PostgresServers) -> ScratchProject:
    """A project whose revisions change a table in every way: written once, run by several tests."""
    scratch = ScratchProject.made(tmp_path_factory.mktemp("written"), postgres_servers.server(POSTGRES_NAMES[-1]))
    for metadata, message in (
        (accounts(), "create accounts"),
        (accounts(phone()), "add phone"),
        (accounts(edit=retype), "drop phone and retype email"),
        (with_orders(), "create orders"),
        (MetaData(), "drop everything"),
    ):
        scratch.migrate(metadata, message)
    return scratch


def retype(table: Table) -> None:
    table.columns["email"].type = Text()
    Index("ix_accounts_created_at", table.columns["created_at"])


def with_orders() -> MetaData:
    metadata = accounts(edit=retype)
    orders = Table(
        "orders",
        metadata,
        Column("id", Integer, Identity(always=True), primary_key=True),
        Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
        Column("state", Enum("open", "paid", name="order_state", native_enum=False), nullable=False),
        Column("net", Integer, nullable=False, server_default="0"),
        Column("gross", Integer, Computed("net * 119 / 100", persisted=True)),
        Column("note", String(10), CheckConstraint("note <> '\\:x'", name="note"), server_default="a:b"),
        Index("ix_orders_open", "net", postgresql_where=text("state = 'open'"), sqlite_where=text("state = 'open'")),
    )
    watch(orders, "sqlite", "CREATE TRIGGER watch_orders AFTER UPDATE OF net ON orders BEGIN SELECT 1; END")
    watch(orders, "postgresql", "CREATE TRIGGER watch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION watching()")
    return metadata


def phone() -> Column[str]:
    return Column("phone", String(32), nullable=True, comment="Phone number")


def test_the_first_revision_and_one_that_adds_a_column(scratch: ScratchProject) -> None:
    scratch.migrate(accounts(), "create accounts")
    written = scratch.migrate(accounts(phone()), "add phone")

    code = written.read_text()
    assert '"""add phone.' in code
    assert code.count('op.execute("DROP TRIGGER watch")') == 2
    assert "batch" not in code
    with pytest.raises(NothingToMigrate):
        scratch.migrate(accounts(phone()))


def test_rows_and_the_counter_of_ids_survive_every_way_of_changing_a_table(
    written: ScratchProject, empty_url: str
) -> None:
    project = written.project(MetaData())
    first, _added, retyped, *_ = (one.revision for one in history(project))
    runner.upgrade(project, empty_url, first)
    with connected(empty_url) as connection:
        for email in ("a@example.com", "b@example.com"):
            connection.execute(text("INSERT INTO accounts (email) VALUES (:email)"), {"email": email})
        connection.execute(text("DELETE FROM accounts WHERE id = 2"))

    for _ in range(2):
        runner.upgrade(project, empty_url, retyped)
        runner.downgrade(project, empty_url, first)
    runner.upgrade(project, empty_url, retyped)

    with connected(empty_url) as connection:
        connection.execute(text("INSERT INTO accounts (email) VALUES ('c@example.com')"))
        rows = connection.execute(text("SELECT id, email FROM accounts ORDER BY id")).all()
        assert [tuple(row) for row in rows] == [(1, "a@example.com"), (3, "c@example.com")]


def test_every_step_down_restores_the_schema_of_the_step_before(written: ScratchProject, empty_url: str) -> None:
    project = written.project(MetaData())
    schemas = [described(empty_url)]
    for one in history(project):
        runner.upgrade(project, empty_url, one.revision)
        schemas.append(described(empty_url))
    assert schemas[-1] == []

    for schema in reversed(schemas[:-1]):
        runner.downgrade(project, empty_url)
        assert described(empty_url) == schema


def described(url: str) -> list[str]:
    """Columns, indexes and triggers of a database, each with its name first, in words that do not depend on order."""
    with connected(url) as connection:
        inspector = inspect(connection)
        tables = [name for name in inspector.get_table_names() if name not in {"alembic_version", "schema_tools_log"}]
        found = [f"{name} {column}" for name in tables for column in inspector.get_columns(name)]
        for index in (index for name in tables for index in inspector.get_indexes(name)):
            predicates = {option: str(value) for option, value in index.get("dialect_options", {}).items()}
            found.append(f"{index['name']} {index['column_names']} {index['unique']} {predicates}")
        found += [f"{name} {key}" for name in tables for key in inspector.get_foreign_keys(name)]
        found += [f"{name} {check}" for name in tables for check in inspector.get_check_constraints(name)]
        found += [f"{label} {one.definition}" for label, one in stored_code(connection).items()]
        return sorted(found)


def test_a_copied_table_keeps_its_triggers_on_sqlite(written: ScratchProject, tmp_path: Path) -> None:
    project = written.project(MetaData())
    url = f"sqlite:///{tmp_path}/kept.db"
    retyped = history(project)[2]
    code = (written.directory / "alembic" / "versions" / retyped.file).read_text()

    runner.upgrade(project, url, retyped.revision)

    assert "batch_alter_table" in code
    with connected(url) as connection:
        assert list(stored_code(connection)) == ["trigger watch on accounts"]


def test_a_new_table_has_its_foreign_key_and_generated_column(written: ScratchProject, empty_url: str) -> None:
    project = written.project(MetaData())
    runner.upgrade(project, empty_url, history(project)[3].revision)

    with connected(empty_url) as connection:
        connection.execute(text("INSERT INTO accounts (email) VALUES ('a@example.com')"))
        connection.execute(text("INSERT INTO orders (account_id, state, net) VALUES (1, 'open', 100)"))

        assert connection.execute(text("SELECT gross FROM orders")).scalar_one() == 119
        assert inspect(connection).get_foreign_keys("orders")[0]["options"] == {"ondelete": "CASCADE"}


def test_a_changed_comment_is_set_on_postgresql_and_copies_nothing_on_sqlite(scratch: ScratchProject) -> None:
    def reword(table: Table) -> None:
        table.columns["email"].comment = "Where to write to"
        table.comment = "All accounts."

    scratch.migrate(accounts())
    code = scratch.migrate(accounts(edit=reword), "word it better").read_text()

    assert "batch" not in code
    assert code.count('if op.get_context().dialect.name == "postgresql":') == 2
    assert "sqlite" not in code


def test_a_volatile_default_is_no_false_alarm(scratch: ScratchProject) -> None:
    def drawn() -> MetaData:
        metadata = MetaData(naming_convention=CONVENTION)
        Table(
            "drawn",
            metadata,
            Column("id", Integer, primary_key=True, autoincrement=False),
            Column("lot", Integer, nullable=False, server_default=func.random()),
        )
        return metadata

    scratch.migrate(drawn())

    with pytest.raises(NothingToMigrate):
        scratch.migrate(drawn())


def test_a_changed_function_is_replaced_and_put_back(scratch: ScratchProject) -> None:
    scratch.migrate(accounts())
    changed = accounts()
    watch(
        changed.tables["accounts"],
        "postgresql",
        "CREATE OR REPLACE FUNCTION watching() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    )

    code = scratch.migrate(changed, "watch less").read_text()

    assert "op.execute(NEW_WATCHING_ON_POSTGRESQL)" in code
    assert "op.execute(OLD_WATCHING_ON_POSTGRESQL)" in code


@pytest.mark.parametrize("check", ["ruff check", "ruff format --check", "mypy"])
def test_what_is_written_passes_the_projects_own_checks(written: ScratchProject, check: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *check.split(), "alembic/versions"],
        cwd=written.directory, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("message", ["", "   ", 'say "hello"', "back\\slash", "x" * 81])
def test_a_message_that_cannot_stand_in_a_docstring_is_refused(scratch: ScratchProject, message: str) -> None:
    with pytest.raises(SchemaToolsError, match="message"):
        scratch.migrate(accounts(), message)

    assert list((scratch.directory / "alembic" / "versions").iterdir()) == []


def test_a_revision_that_fails_when_it_is_tried_is_named_with_its_line(scratch: ScratchProject) -> None:
    scratch.migrate(accounts())
    required = Column("phone", String(32), nullable=False, comment="Phone number", info={"example": "+1 555 0100"})

    with pytest.raises(SchemaToolsError, match=r"_add_phone\.py was written, but needs fixing: .*\.py:\d+ failed"):
        scratch.migrate(accounts(required), "add phone")
