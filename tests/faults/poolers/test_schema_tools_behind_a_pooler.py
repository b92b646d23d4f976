"""The schema tools alone, on a project of another kind, are given the URL of a pooler: each command refuses it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.poolers.pgbouncer import PgBouncer, program
from plain_sql import connected
from postgres_fixtures import POSTGRES_NAMES
from schema_tools.testing.postgres_servers import PostgresServers
from tool_commands import tools

FILES = {
    "alembic.ini": "[alembic]\nscript_location = %(here)s/alembic\nprepend_sys_path = .\n",
    "alembic/env.py": "from shelf import metadata\nfrom schema_tools.environment import run\n\nrun(metadata, str)\n",
    "shelf.py": (
        "from sqlalchemy import BigInteger, Column, Identity, MetaData, Table\n\n"
        "metadata = MetaData()\n"
        'Table("books", metadata, Column("id", BigInteger, Identity(), primary_key=True))\n'
    ),
    "alembic/versions/0001.py": (
        "from alembic import op\nfrom shelf import metadata\n\n"
        'revision = "0001"\ndown_revision = None\n\n\n'
        "def upgrade():\n    metadata.create_all(op.get_bind())\n\n\n"
        "def downgrade():\n    metadata.drop_all(op.get_bind())\n"
    ),
}
MODES = ("transaction", "session")
PASSES_OVER_OPTIONS = ("ignore_startup_parameters = options",)
LIVE = ("upgrade", "downgrade", "history", "drift", "audit", "plan")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("shelf")
    for name, content in FILES.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content, "utf-8")
    assert tools("lock", cwd=directory).returncode == 0
    return directory


@pytest.fixture(scope="module")
def database(postgres_servers: PostgresServers) -> Iterator[str]:
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        yield url


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("settings", [(), PASSES_OVER_OPTIONS], ids=["refuses options", "passes over options"])
@pytest.mark.parametrize("newer", [True, False], ids=["newer", "older"])
def test_every_command_refuses_it_and_says_what_to_name(
    project: Path, database: str, mode: str, settings: tuple[str, ...], *, newer: bool
) -> None:
    with PgBouncer(program(keeps_statements=newer), database, (f"pool_mode = {mode}", *settings)) as pooler:
        commands = [(command, "--database", pooler.url) for command in LIVE]
        for command in (*commands, ("verify", "--from", "base", "--from-schema", pooler.url)):
            done = tools(*command, cwd=project)
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
            assert "a pooler answers there" in done.stderr
            assert "name the server itself" in done.stderr
    with connected(database) as connection:
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        assert connection.exec_driver_sql(held).scalar_one() == 0
        assert connection.exec_driver_sql("SELECT to_regclass('books')").scalar_one() is None


def test_what_a_pooler_left_behind_does_not_keep_a_migration_from_the_server(project: Path, database: str) -> None:
    with PgBouncer(program(keeps_statements=True), database) as pooler:
        tools("upgrade", "--database", pooler.url, cwd=project)
        done = tools("upgrade", "--database", database, cwd=project)
        assert (done.returncode, done.stderr) == (0, ""), done
