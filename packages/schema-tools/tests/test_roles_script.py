"""The script that `roles` prints: run on real servers, it makes three roles that may do what they need and no more."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import typer
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Column, Integer, MetaData, Table, Text, make_url
from typer.testing import CliRunner, Result

from role_databases import RoleDatabase, execute, new_names, three_roles
from schema_tools.cli.application import application
from schema_tools.cli.context import CommandContext
from schema_tools.errors import SchemaToolsError
from schema_tools.migrations.log import TABLE
from schema_tools.migrations.withdrawing import withdraw_undeclared
from schema_tools.privileges import OF_MIGRATIONS, declared_privileges
from schema_tools.project import SchemaProject
from schema_tools.roles.names import RoleNames
from schema_tools.roles.script import roles_script
from schema_tools.testing.plain_sql import connected

metadata = MetaData()
Table("notes", metadata, Column("id", Integer, primary_key=True), Column("note", Text))
Table(
    "trail",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("what", Text),
    info={"privileges": ("SELECT", "INSERT", "DELETE")},
)
OTHER_SCHEMA = MetaData()
Table('odd "table', OTHER_SCHEMA, Column("id", Integer, primary_key=True), schema="odd'schema")


@pytest.fixture
def database(empty_postgres_url: str) -> Iterator[RoleDatabase]:
    """A database whose tables the migrator made."""
    names = new_names()
    script = roles_script(metadata, str(make_url(empty_postgres_url).database), names)
    with three_roles(empty_postgres_url, script, names) as made:
        with connected(made.migrator) as connection:
            metadata.create_all(connection)
            withdraw_undeclared(connection, metadata)
        yield made


def refused(url: str, *statements: str) -> list[str]:
    """Those of the statements that the role in the URL may not run."""
    found = []
    for statement in statements:
        try:
            execute(url, statement)
        except InsufficientPrivilege:
            found.append(statement)
    return found


ROWS = [
    "INSERT INTO notes VALUES (1, 'one')",
    "SELECT * FROM notes",
    "UPDATE notes SET note = 'two'",
    "DELETE FROM notes",
]
STRUCTURE = [
    "CREATE TABLE mine (id integer)",
    "CREATE SCHEMA mine",
    "ALTER TABLE notes ADD COLUMN more text",
    "TRUNCATE notes",
    "DROP TABLE notes",
    "CREATE TRIGGER t BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE ROLE mine",
]


def test_the_application_works_on_rows_and_on_nothing_else(database: RoleDatabase) -> None:
    assert refused(database.application, *ROWS, "CREATE TEMPORARY TABLE staged (id integer)") == []
    assert refused(database.application, *STRUCTURE) == STRUCTURE


def test_a_reader_reads_and_nothing_else(database: RoleDatabase) -> None:
    others = [*ROWS[:1], *ROWS[2:], *STRUCTURE, "CREATE TEMPORARY TABLE staged (id integer)"]

    assert refused(database.reader, "SELECT * FROM notes", "SELECT * FROM trail") == []
    assert refused(database.reader, *others) == others


def test_a_table_that_declares_less_gives_the_application_no_more(database: RoleDatabase) -> None:
    allowed = ["INSERT INTO trail VALUES (1, 'made')", "SELECT * FROM trail", "DELETE FROM trail"]

    assert refused(database.application, *allowed, "UPDATE trail SET what = 'other'") == [
        "UPDATE trail SET what = 'other'"
    ]


def test_what_was_granted_by_hand_stays_when_an_upgrade_withdraws_the_rest(
    database: RoleDatabase, empty_postgres_url: str
) -> None:
    execute(empty_postgres_url, "GRANT UPDATE ON trail TO pg_monitor")
    with connected(database.migrator) as connection:
        withdraw_undeclared(connection, metadata)
        query = "SELECT has_table_privilege('pg_monitor', 'trail', 'UPDATE')"
        assert connection.exec_driver_sql(query).scalar()


def test_the_script_may_run_again_and_corrects_what_was_granted_since(
    database: RoleDatabase, empty_postgres_url: str
) -> None:
    quoted = psycopg.sql.Identifier(database.names.application).as_string(None)
    execute(empty_postgres_url, f"GRANT ALL ON notes, trail TO {quoted}", f"GRANT CREATE ON SCHEMA public TO {quoted}")
    assert refused(database.application, "TRUNCATE notes", "UPDATE trail SET what = 'other'") == []
    script = roles_script(metadata, str(make_url(empty_postgres_url).database), database.names, take_over=True)

    execute(empty_postgres_url, script, script)

    assert refused(database.application, *ROWS) == []
    forbidden = [*STRUCTURE, "UPDATE trail SET what = 'other'"]
    assert refused(database.application, *forbidden) == forbidden


def test_what_is_there_already_is_taken_over_when_asked(empty_postgres_url: str) -> None:
    execute(
        empty_postgres_url,
        "CREATE TABLE notes (id serial PRIMARY KEY, note text)",
        "CREATE SEQUENCE tickets",
        "CREATE VIEW seen AS SELECT * FROM notes",
        "CREATE TYPE mood AS ENUM ('good')",
        "CREATE DOMAIN price AS numeric CHECK (VALUE > 0)",
        "CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 * 2'",
    )
    names, database = new_names(), str(make_url(empty_postgres_url).database)
    script = roles_script(metadata, database, names, take_over=True)
    changes = [
        "ALTER TABLE notes ADD COLUMN more text",
        "ALTER SEQUENCE tickets RESTART",
        "ALTER SEQUENCE notes_id_seq RESTART",
        "CREATE OR REPLACE VIEW seen AS SELECT id, note FROM notes",
        "ALTER TYPE mood ADD VALUE 'bad'",
        "ALTER DOMAIN price SET DEFAULT 1",
        "CREATE OR REPLACE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 + $1'",
    ]
    with three_roles(empty_postgres_url, script, names) as made:
        assert refused(made.migrator, *changes) == []
        assert refused(made.application, "INSERT INTO notes (note) VALUES ('its number is from the sequence')") == []


def test_a_schema_of_the_tables_is_made_and_every_name_is_quoted(empty_postgres_url: str) -> None:
    names, database = new_names(), str(make_url(empty_postgres_url).database)
    with three_roles(empty_postgres_url, roles_script(OTHER_SCHEMA, database, names), names) as made:
        with connected(made.migrator) as connection:
            OTHER_SCHEMA.create_all(connection)
        row = """INSERT INTO "odd'schema"."odd ""table" VALUES (1)"""
        assert refused(made.application, row) == []
        assert refused(made.reader, row) == [row]


def test_the_script_stops_in_another_database(empty_postgres_url: str) -> None:
    script = roles_script(metadata, "another", new_names())

    with pytest.raises(psycopg.errors.RaiseException, match="the roles are for another"):
        execute(empty_postgres_url, script)


def test_a_role_that_may_only_make_roles_can_run_it(empty_postgres_url: str) -> None:
    """As on a server in a cloud, which gives no superuser."""
    owner, names = new_names(), new_names()
    url = make_url(empty_postgres_url)
    with three_roles(empty_postgres_url, roles_script(metadata, str(url.database), owner), owner) as made:
        quoted = psycopg.sql.Identifier(owner.migrator).as_string(None)
        execute(
            empty_postgres_url,
            f"ALTER ROLE {quoted} CREATEROLE",
            f'ALTER DATABASE "{url.database}" OWNER TO {quoted}',
        )
        script = roles_script(metadata, str(url.database), names)
        execute(made.migrator, script, script)
        with three_roles(empty_postgres_url, script, names) as second:
            execute(second.migrator, "CREATE TABLE notes (id integer PRIMARY KEY, note text)")
            assert refused(second.application, *ROWS) == []
        execute(empty_postgres_url, f'ALTER DATABASE "{url.database}" OWNER TO CURRENT_USER')


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"migrator": "one", "reader": "one"}, "three names"),
        ({"application": "pg_app"}, "cannot be the name"),
        ({"application": "public"}, "cannot be the name"),
        ({"reader": "ä" * 32}, "cannot be the name"),
    ],
)
def test_names_that_no_role_can_have_are_refused(names: dict[str, str], said: str) -> None:
    with pytest.raises(SchemaToolsError, match=said):
        RoleNames.of("shop", **names)


@pytest.mark.parametrize("declared", [("TRUNCATE",), ("SELECT; DROP TABLE x",), ()])
def test_a_table_declares_privileges_on_rows(declared: tuple[str, ...]) -> None:
    wrong = MetaData()
    Table("wrong", wrong, Column("id", Integer), info={"privileges": declared})

    with pytest.raises(SchemaToolsError, match="must be some of SELECT"):
        declared_privileges(wrong)


def run(*arguments: str, url: str) -> Result:
    context = CommandContext(
        project=lambda: SchemaProject(metadata=metadata, alembic_ini=Path("nowhere.ini")),
        database_url=lambda: url,
        say_error=lambda sentence: typer.echo(sentence, err=True),
    )
    return CliRunner().invoke(application(context), ["roles", *arguments])


def test_the_command_needs_no_server_and_prints_no_password() -> None:
    done = run("--reader", "analyst", url="postgresql+psycopg://postgres:s3cret@nowhere.invalid/shop")

    assert (done.exit_code, done.stderr) == (0, "")
    names = RoleNames(migrator="shop_migrator", application="shop_application", reader="analyst")
    assert done.stdout == roles_script(metadata, "shop", names)
    assert "s3cret" not in done.stdout


def test_sqlite_has_no_roles() -> None:
    done = run(url="sqlite+aiosqlite:///shop.db")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "SQLite has no roles" in done.stderr


def test_the_tables_of_migrations_have_the_names_that_migrations_give_them() -> None:
    assert TABLE in OF_MIGRATIONS
