"""Projects that have never heard of these tools, each of another kind: they are judged as they are, and not changed."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from schema_tools.testing.in_process import Done
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from tool_commands import tools

PROJECTS = Path(__file__).parent / "foreign"
KINDS = sorted(one.parent.name for one in PROJECTS.glob("*/alembic.ini"))
FLASK = "with_flask"
BASELINE = ("--from", "4a00", "--from-schema", "schema.sql")


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A copy of a project. It is the same at the end, but for what Python compiles."""
    directory = tmp_path / "project"
    shutil.copytree(PROJECTS / request.param, directory, ignore=shutil.ignore_patterns("__pycache__"))
    before = contents(directory)
    yield directory
    assert contents(directory) == before


def contents(directory: Path) -> dict[str, str]:
    """The digest of every file, by name."""
    files = (one for one in directory.rglob("*") if one.is_file() and "__pycache__" not in one.parts)
    return {str(one.relative_to(directory)): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


def of(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("project", [kind], indirect=True)


def judged(project: Path, *arguments: str) -> Done:
    """Run a command. SQLModel and Flask know their tables once for a process, so these have one of their own."""
    if not (project / "app").is_dir():
        return tools(*arguments, cwd=project)
    command = [sys.executable, "-m", "schema_tools", *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def rules(done: Done) -> list[str]:
    """The rules of all findings, of a command that wrote JSON."""
    assert done.stderr == ""
    return [one["rule"] for one in json.loads(done.stdout)["findings"]]


@pytest.mark.parametrize("project", [FLASK, *(one for one in KINDS if one != "baseline")], indirect=True)
def test_every_migration_of_it_is_rehearsed_and_its_head_compared(project: Path) -> None:
    done = judged(project, "verify", "--format", "json")

    assert rules(done) == []
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["revisions"]) == len(list(project.glob("**/versions/*.py")))


@pytest.mark.parametrize("project", [FLASK, *KINDS], indirect=True)
def test_its_migrations_and_tables_are_linted(project: Path) -> None:
    done = judged(project, "lint", "--format", "json")

    assert done.returncode == 1
    assert "missing-comment" in rules(done)
    assert "upgrade-raises" not in rules(done)


@of("sqlite_in_batches")
def test_a_project_on_sqlite_is_rehearsed_on_sqlite(project: Path) -> None:
    done = tools("verify", "--format", "json", cwd=project)

    assert {one["database"] for one in json.loads(done.stdout)["revisions"]} == {"sqlite"}


@of("asynchronous")
def test_what_the_mapping_lacks_is_named(project: Path) -> None:
    models = project / "tickets" / "models.py"
    before = models.read_text()
    models.write_text(before.replace("    opened_at:", "    closed_at:"))

    done = tools("verify", "--format", "json", cwd=project)

    models.write_text(before)
    assert rules(done) == ["head-differs", "head-differs"]
    found = {one["place"] for one in json.loads(done.stdout)["findings"]}
    assert found == {"column tickets.opened_at", "column tickets.closed_at"}


@of("several_locations")
def test_what_env_py_asks_for_with_x_is_given(project: Path) -> None:
    done = tools("verify", "-x", "url=sqlite://", "--format", "json", cwd=project)

    assert {one["database"] for one in json.loads(done.stdout)["revisions"]} == {"sqlite"}


@of(FLASK)
def test_an_application_of_flask_that_is_not_found_is_one_sentence(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_APP", "shop")

    done = judged(project, "verify")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "schema_tools: env.py reads the application of Flask, which cannot be found: Could not import 'shop'."
        " Name it in FLASK_APP, as for `flask db`\n"
    )


MERGE = """\
revision = "7c00"
down_revision = ("7a00", "7b01")


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
"""


def test_revisions_in_several_directories_are_locked_applied_and_added_to(
    tmp_path: Path, postgres_servers: PostgresServers
) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECTS / "several_locations", project, ignore=shutil.ignore_patterns("__pycache__"))
    assert tools("adopt", "--write", cwd=project).returncode == 0

    locked = tools("lock", cwd=project)

    assert (locked.returncode, locked.stdout.splitlines()[0]) == (0, "recorded 7a00")
    assert len((project / "migrations" / "versions.lock").read_text().splitlines()) == 4
    several = tools("migrate", "-m", "more", cwd=project)
    assert (several.returncode, several.stderr) == (
        2,
        "schema_tools: the migrations have several heads, 7a00, 7b01: join them first, as `alembic merge heads` does\n",
    )
    (project / "parts" / "loans" / "versions" / "7c00_merge.py").write_text(MERGE)
    assert tools("lock", cwd=project).stdout == "recorded 7c00\n"
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        assert tools("upgrade", "--database", url, cwd=project).returncode == 0
        history = json.loads(tools("history", "--database", url, "--format", "json", cwd=project).stdout)
        assert [one["applied"] for one in history] == [True, True, True, True]
        assert tools("drift", "--database", url, cwd=project).returncode == 0
        edited = project / "parts" / "loans" / "versions" / "7b01_when_it_came_back.py"
        edited.write_text(edited.read_text().replace("returned", "came_back"))
        refused = tools("downgrade", "--to", "7b00", "--yes", "--database", url, cwd=project)
    assert refused.returncode == 2
    assert "loans/versions/7b01_when_it_came_back.py" in refused.stderr


# A history that does not begin with an empty database.


@of("baseline")
def test_a_history_that_lacks_its_beginning_says_what_to_name(project: Path) -> None:
    done = tools("verify", "--format", "json", cwd=project)

    (finding,) = json.loads(done.stdout)["findings"]
    assert (finding["rule"], finding["place"]) == ("upgrade-fails", "migrations/versions/4a01_city.py:18")
    assert "--from 4a00 --from-schema schema.sql" in finding["fix"]


@of("baseline")
def test_a_history_is_rehearsed_from_a_dump(project: Path) -> None:
    done = tools("verify", *BASELINE, "--format", "json", cwd=project)

    assert rules(done) == []
    assert [one["revision"] for one in json.loads(done.stdout)["revisions"]] == ["4a01"]


@of("baseline")
def test_a_history_is_rehearsed_from_what_a_database_has(project: Path, postgres_servers: PostgresServers) -> None:
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        with connected(url) as connection:
            connection.execute(
                text("CREATE TABLE accounts (id serial PRIMARY KEY, email varchar(100) NOT NULL UNIQUE)")
            )
            connection.execute(text("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)"))
        refused = tools("verify", "--from", "4a00", "--from-schema", url, cwd=project)
        with connected(url) as connection:
            connection.execute(text("INSERT INTO alembic_version VALUES ('4a00')"))
        done = tools("verify", "--from", "4a00", "--from-schema", url, "--format", "json", cwd=project)

    assert refused.returncode == 2
    assert "is at no revision, and not at 4a00: name what it is at" in refused.stderr
    assert rules(done) == []


@of("baseline")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--from", "4a00"], "--from and --from-schema belong together"),
        (["--from", "ffff", "--from-schema", "schema.sql"], "--from ffff is no revision"),
        (["--from", "4a00", "--from-schema", "nothing.sql"], "the schema in nothing.sql cannot be read"),
        (["--from", "4a00", "--from-schema", "alembic.ini"], "the schema in alembic.ini cannot be made: syntax error"),
    ],
)
def test_a_beginning_that_cannot_be_had_is_one_sentence(project: Path, arguments: list[str], sentence: str) -> None:
    done = tools("verify", *arguments, cwd=project)

    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


# What env.py says.


CONFIGURED = """\
from alembic import context
from sqlalchemy import create_engine

context.configure(connection=create_engine("sqlite://").connect(), {option})
"""
UNSAID = {
    "x = = 1\n": "migrations/env.py:1 failed before it configured the migrations: SyntaxError: invalid syntax",
    "import no_such_package\n": "Run this in the environment and the directory in which `alembic` works\n",
    "import sqlalchemy as sa\nsa.MetaData().reflect(sa.create_engine('postgresql+psycopg://db.example.com/x'))\n": (
        "No database is connected to here, so what it asks one for, such as reflected tables, has no answer\n"
    ),
    "import os\nos.environ['NO_SUCH_SETTING']\n": "migrations/env.py:2 failed before it configured the migrations",
    "pass\n": "env.py does not call context.configure",
    CONFIGURED.format(
        option="target_metadata=None"
    ): "env.py has no target_metadata: name the tables, as in --metadata",
    CONFIGURED.format(option="target_metadata=7"): "the target_metadata of env.py is a int, and not a MetaData",
    CONFIGURED.format(option="upgrade_token='one'"): "env.py runs migrations more than once, as for several databases",
    CONFIGURED.format(option="tag=None").replace("sqlite://", "mysql+pymysql://"): "No module named 'pymysql'",
}


@of("asynchronous")
@pytest.mark.parametrize("code", UNSAID)
def test_what_env_py_does_not_say_is_one_sentence(project: Path, code: str) -> None:
    environment = project / "migrations" / "env.py"
    before = environment.read_text()
    environment.write_text(code)

    done = tools("lint", cwd=project)

    environment.write_text(before)
    assert (done.returncode, done.stdout) == (2, "")
    assert UNSAID[code] in done.stderr
    assert done.stderr.count("\n") == 1


# What env.py leaves out.

LEAVING_OUT = """\
        def include_object(thing, name, kind, reflected, compare_to):
            return not (kind == "table" and name.startswith("legacy_")) and not thing.info.get("view")

        def include_name(name, kind, parents):
            return not (kind == "index" and name == "by_hand" and parents["table_name"] == "books")

        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            include_object=include_object,
            include_name=include_name,
        )
"""
BY_HAND = """

Table("shelves", metadata, Column("id", Integer, primary_key=True), info={"view": True})
"""


def leave_out(project: Path) -> None:
    """Let the project have what only its migrations make, a table that they do not make, and an env.py that says so."""
    environment = project / "migrations" / "env.py"
    usual = "        context.configure(connection=connection, target_metadata=target_metadata)\n"
    assert usual in environment.read_text()
    environment.write_text(environment.read_text().replace(usual, LEAVING_OUT))
    revision = project / "migrations" / "versions" / "3a00_books.py"
    makes = 'def upgrade() -> None:\n    op.execute("CREATE TABLE legacy_notes (id int)")\n'
    drops = 'def downgrade() -> None:\n    op.execute("DROP TABLE legacy_notes")\n'
    content = revision.read_text().replace("def upgrade() -> None:\n", makes)
    content = content.replace(
        "\n\n\ndef downgrade", '\n    op.create_index("by_hand", "books", ["title"])\n\n\ndef downgrade'
    )
    revision.write_text(content.replace("def downgrade() -> None:\n", drops))
    (project / "library.py").write_text((project / "library.py").read_text() + BY_HAND)


def test_what_env_py_leaves_out_is_no_difference(tmp_path: Path, postgres_servers: PostgresServers) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECTS / "branches", project, ignore=shutil.ignore_patterns("__pycache__"))
    leave_out(project)

    done = tools("verify", "--format", "json", cwd=project)

    assert rules(done) == []
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        assert tools("adopt", "--write", cwd=project).returncode == 2  # the functions are inside another
        with connected(url) as connection:
            connection.execute(text("CREATE TABLE books (id serial PRIMARY KEY, title varchar(200) NOT NULL)"))
            connection.execute(text("ALTER TABLE books ADD isbn varchar(13) UNIQUE, ADD summary text"))
            connection.execute(text("CREATE INDEX by_hand ON books (title)"))
            connection.execute(text("CREATE TABLE legacy_notes (id int)"))
            connection.execute(text("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)"))
            connection.execute(text("INSERT INTO alembic_version VALUES ('3a03')"))
        drift = tools("drift", "--database", url, cwd=project)
    assert (drift.returncode, drift.stdout) == (0, "clean: the database is what the tables say\n")


@of("several_schemas")
def test_the_version_table_may_be_in_a_schema_of_its_own(project: Path, postgres_servers: PostgresServers) -> None:
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        with connected(url) as connection:
            for statement in SHOP.split(";"):
                connection.execute(text(statement))
        drift = tools("drift", "--database", url, cwd=project)
        history = tools("history", "--database", url, "--format", "json", cwd=project)

    assert (drift.returncode, drift.stdout) == (0, "clean: the database is what the tables say\n")
    assert [one["applied"] for one in json.loads(history.stdout)] == [True]


SHOP = """
CREATE SCHEMA catalog;
CREATE SCHEMA sales;
CREATE TYPE catalog.product_state AS ENUM ('draft', 'live');
CREATE TABLE catalog.products (
  id serial PRIMARY KEY, name varchar(100) NOT NULL, state catalog.product_state NOT NULL
);
CREATE TABLE sales.order_lines (
  id serial PRIMARY KEY, product_id int NOT NULL REFERENCES catalog.products ON DELETE RESTRICT,
  price numeric(12, 2) NOT NULL
);
CREATE INDEX ix_order_lines_product_id ON sales.order_lines (product_id);
CREATE TABLE catalog.schema_version (version_num varchar(32) CONSTRAINT schema_version_pkc PRIMARY KEY);
INSERT INTO catalog.schema_version VALUES ('2a00')
"""


# Where the configuration and the revisions are.


def in_several_directories(project: Path) -> list[str]:
    """Revisions in two directories, one of which has another one in it."""
    (project / "migrations" / "more" / "deep").mkdir(parents=True)
    for name, place in (("3a02_summary.py", "more"), ("3a03_merge.py", "more/deep")):
        (project / "migrations" / "versions" / name).rename(project / "migrations" / place / name)
    locations = "%(here)s/migrations/versions %(here)s/migrations/more"
    configure(
        project, f"version_path_separator = space\nversion_locations = {locations}\nrecursive_version_locations = true"
    )
    return []


def in_a_section(project: Path) -> list[str]:
    ini = project / "alembic.ini"
    ini.write_text(ini.read_text().replace("[alembic]", "[core]"))
    return ["-n", "core"]


def in_pyproject(project: Path) -> list[str]:
    """All that is Alembic's own in pyproject.toml; no URL of a database anywhere."""
    (project / "alembic.ini").unlink()
    lines = ["[tool.alembic]", 'script_location = "%(here)s/migrations"', 'prepend_sys_path = ["."]']
    (project / "pyproject.toml").write_text("\n".join(lines))
    env = project / "migrations" / "env.py"
    env.write_text(env.read_text().replace("if config.config_file_name is not None:", "if False:"))
    return []


def in_a_package(project: Path) -> list[str]:
    (project / "lending_application").mkdir()
    (project / "lending_application" / "__init__.py").touch()
    (project / "migrations").rename(project / "lending_application" / "migrations")
    ini = project / "alembic.ini"
    ini.write_text(ini.read_text().replace("%(here)s/migrations", "lending_application:migrations"))
    return []


def with_the_placeholder(project: Path) -> list[str]:
    """The URL as `alembic init` writes it."""
    ini = project / "alembic.ini"
    url = "postgresql+psycopg://app@db.example.com/library"
    ini.write_text(ini.read_text().replace(url, "driver://user:pass@localhost/dbname"))
    return []


def with_several_metadata(project: Path) -> list[str]:
    env = project / "migrations" / "env.py"
    other = "from sqlalchemy import MetaData\n\ntarget_metadata = [metadata, MetaData()]"
    env.write_text(env.read_text().replace("target_metadata = metadata", other))
    return []


def configure(project: Path, lines: str) -> None:
    ini = project / "alembic.ini"
    ini.write_text(ini.read_text().replace("prepend_sys_path = .", f"prepend_sys_path = .\n{lines}"))


@pytest.mark.parametrize(
    "made",
    [in_several_directories, in_a_section, in_pyproject, in_a_package, with_the_placeholder, with_several_metadata],
)
def test_a_project_may_be_configured_in_other_ways(made: Callable[[Path], list[str]], tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECTS / "branches", project, ignore=shutil.ignore_patterns("__pycache__"))
    options = made(project)

    done = tools("verify", *options, "--format", "json", cwd=project)

    assert (rules(done), len(json.loads(done.stdout)["revisions"])) == ([], 4)
    assert tools("lock", *options, cwd=project).stdout.count("recorded") == 4
    assert tools("check", "--rule", "lock-missing", *options, cwd=project).returncode == 0


@of("branches")
def test_a_document_that_only_lacks_comments_is_said_to_be_current(project: Path) -> None:
    document = project / "document.md"
    tools("docs", "--document", str(document), cwd=project)

    done = tools("check", "--document", str(document), "--rule", "document-differs", "--format", "json", cwd=project)

    document.unlink()
    (finding,) = (each for one in json.loads(done.stdout)["checks"] for each in one["findings"])
    assert finding["message"].startswith("the schema document is current, and lacks")
    assert finding["fix"] == "run the docs-check command, which names each"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGSSLMODE", "verify-full"),
        ("PGTARGETSESSIONATTRS", "standby"),
        ("PGOPTIONS", "-c default_transaction_read_only=on"),
        ("PGSERVICE", "nowhere"),
        ("PGSERVICEFILE", "/nowhere/services"),
        ("PGSYSCONFDIR", "/nowhere"),
        ("PGHOSTADDR", "127.0.0.2"),
        ("PGPASSFILE", "/nowhere/passwords"),
        ("PGCHANNELBINDING", "require"),
        ("PGREQUIREAUTH", "none"),
        ("PGREQUIREPEER", "another"),
        ("PGSSLCERT", "/nowhere/certificate"),
        ("PGSSLROOTCERT", "/nowhere/root"),
        ("PGSSLNEGOTIATION", "direct"),
        ("PGGSSENCMODE", "require"),
        ("PGLOADBALANCEHOSTS", "nonsense"),
        ("PGMINPROTOCOLVERSION", "nonsense"),
        ("PGMAXPROTOCOLVERSION", "nonsense"),
        ("PGSSLMINPROTOCOLVERSION", "nonsense"),
        ("PGCONNECT_TIMEOUT", "nonsense"),
        ("PGCLIENTENCODING", "LATIN1"),
        ("PGTZ", "Nowhere/Nothing"),
        ("PGDATESTYLE", "nonsense"),
        ("PGGEQO", "nonsense"),
    ],
)
@of("branches")
def test_what_the_environment_says_of_another_server_is_no_hindrance(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    assert rules(tools("verify", "--format", "json", cwd=project)) == []
