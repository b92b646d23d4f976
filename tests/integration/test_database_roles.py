"""The service with three database roles: one migrates, one serves, one reads, made by what `db roles` prints."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg.errors import InsufficientPrivilege

from e2e.answers import create
from e2e.processes import ServerProcess, run_cli
from entrypoints.cli.schema_project import schema_project
from postgres_fixtures import POSTGRES_NAMES
from role_databases import RoleDatabase, execute, new_names, three_roles
from running_servers import Storages
from schema_tools.migrations import runner

USERS = "/api/v1/users"

NEXT_MIGRATION = '''\
"""create notes"""

import sqlalchemy as sa
from alembic import op

revision = "0123456789ab"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create notes."""
    identity = sa.Column("id", sa.Integer(), sa.Identity(), primary_key=True)
    op.create_table("notes", identity, sa.Column("note", sa.Text()))


def downgrade() -> None:
    """Drop notes."""
    op.drop_table("notes")
'''


@pytest.fixture(params=POSTGRES_NAMES)
def roles(request: pytest.FixtureRequest, storages: Storages, tmp_path: Path) -> Iterator[RoleDatabase]:
    """An empty database with the three roles."""
    names = new_names()
    with storages.unmigrated(request.param) as url:
        options = ("--migrator", names.migrator, "--application", names.application, "--reader", names.reader)
        printed = run_cli("db", "roles", *options, cwd=tmp_path, DATABASE_URL=url)
        assert printed.returncode == 0, printed.stderr
        with three_roles(url, printed.stdout, names) as made:
            yield made


def settings(roles: RoleDatabase) -> dict[str, str]:
    """The settings of the service, as operators give them."""
    return {"DATABASE_URL": roles.application, "MIGRATION_DATABASE_URL": roles.migrator}


def refused(url: str, *statements: str) -> None:
    """Every statement is refused."""
    for statement in statements:
        with pytest.raises(InsufficientPrivilege):
            execute(url, statement)


def test_the_service_works_with_three_roles(roles: RoleDatabase, tmp_path: Path) -> None:
    upgraded = run_cli("db", "upgrade", cwd=tmp_path, **settings(roles))
    assert upgraded.returncode == 0, upgraded.stderr

    with ServerProcess(tmp_path, **settings(roles)) as server, server.client() as http:
        assert http.get("/readyz").status_code == 200
        key = {"Idempotency-Key": "three-roles"}
        ada = {"email": "ada@example.com", "name": "Ada"}
        first, again = (http.post(USERS, json=ada, headers=key) for _ in range(2))
        assert (first.status_code, again.json()) == (201, first.json())
        assert again.headers["Idempotent-Replayed"] == "true"
        place = f"{USERS}/{first.json()['id']}"
        assert http.patch(place, json={"name": "Ada Lovelace"}).json()["name"] == "Ada Lovelace"
        lines = b'{"email": "b@example.com", "name": "B"}\n{"email": "c@example.com", "name": "C"}\n'
        imported = http.post(f"{USERS}/import", content=lines, headers={"Content-Type": "application/x-ndjson"})
        assert imported.status_code == 200, imported.text
        assert len(http.get(f"{USERS}/export").text.splitlines()) == len(http.get(USERS).json()["items"]) == 3
        assert http.delete(place).status_code == 204

        _upgrade_once_more(roles, tmp_path)
        execute(roles.application, "INSERT INTO notes (note) VALUES ('by default privileges')")
        assert create(http)["id"] == 4
        assert http.get("/readyz").status_code == 200

    audited = run_cli("db", "audit", cwd=tmp_path, **settings(roles))
    assert (audited.returncode, "advice" in audited.stderr) == (0, False), audited


def _upgrade_once_more(roles: RoleDatabase, directory: Path) -> None:
    """Run a migration of a later release, which creates a table, as the migrator."""
    project = schema_project()
    copy = directory / "later"
    shutil.copytree(project.alembic_ini.parent / "alembic", copy / "alembic")
    shutil.copy(project.alembic_ini, copy)
    before = max((copy / "alembic" / "versions").glob("*.py")).name.split("_")[2]
    (copy / "alembic" / "versions" / "later.py").write_text(NEXT_MIGRATION.format(before=before), encoding="utf-8")
    done = runner.upgrade(replace(project, alembic_ini=copy / "alembic.ini"), roles.migrator, locked=False)
    assert [one.revision for one in done] == ["0123456789ab"]


def test_the_application_and_the_reader_cannot_change_the_schema(roles: RoleDatabase, tmp_path: Path) -> None:
    assert run_cli("db", "upgrade", cwd=tmp_path, **settings(roles)).returncode == 0
    structure = (
        "CREATE TABLE mine (id integer)",
        "ALTER TABLE users ADD COLUMN more text",
        "TRUNCATE users",
        "DROP TABLE users",
        "UPDATE alembic_version SET version_num = 'none'",
        "DELETE FROM schema_tools_log",
    )

    refused(roles.application, *structure)
    execute(roles.reader, "SELECT * FROM users", "SELECT * FROM alembic_version")
    refused(roles.reader, *structure, "DELETE FROM users", "CREATE TEMPORARY TABLE mine (id integer)")
    upgrade = run_cli("db", "downgrade", "--yes", cwd=tmp_path, DATABASE_URL=roles.application)
    assert (upgrade.returncode, "Traceback" in upgrade.stderr) == (2, False)


def test_an_application_that_shares_the_migrators_role_is_advice_and_one_that_may_do_more_is_a_finding(
    roles: RoleDatabase, tmp_path: Path
) -> None:
    assert run_cli("db", "upgrade", cwd=tmp_path, **settings(roles)).returncode == 0

    shared = run_cli("db", "audit", cwd=tmp_path, DATABASE_URL=roles.migrator)
    assert (shared.returncode, "migrates and serves" in shared.stderr) == (0, True), shared
    swapped = run_cli(
        "db", "audit", cwd=tmp_path, DATABASE_URL=roles.migrator, MIGRATION_DATABASE_URL=roles.application
    )
    assert (swapped.returncode, "application-role-owns" in swapped.stdout) == (1, True), swapped
