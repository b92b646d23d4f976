"""An `env.py` as `alembic init` writes it is changed on request, and then migrates a live database."""

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import inspect

from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from schema_tools.writing.adoption import NotAdoptable, adopted
from tool_commands import tools

PROJECTS = Path(__file__).parent / "foreign"
TEMPLATE = """\
from alembic import context
from sqlalchemy import create_engine

from tables import metadata
from settings import database_url


def include_object(*arguments):
    return True


def run_migrations_online():
    engine = create_engine({url})
    with engine.connect() as connection:
        {before}
        context.configure(connection=connection, target_metadata=metadata{options})
        with context.begin_transaction():
            context.run_migrations()


run_migrations_online()
"""


def env_py(directory: Path, *, url: str = "database_url", options: str = "", before: str = "pass") -> Path:
    file = directory / "env.py"
    file.write_text(TEMPLATE.format(url=url, options=options, before=before))
    return file


@pytest.fixture(params=["asynchronous", "branches"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    shutil.copytree(PROJECTS / request.param, directory, ignore=shutil.ignore_patterns("__pycache__"))
    return directory


def test_a_project_is_adopted_and_migrates_a_live_database(project: Path, postgres_servers: PostgresServers) -> None:
    environment = project / "migrations" / "env.py"
    before = environment.read_text()

    shown = tools("adopt", cwd=project)

    assert (shown.returncode, environment.read_text()) == (0, before)
    assert '+run(target_metadata, lambda: context.config.get_main_option("sqlalchemy.url") or "")' in shown.stdout
    assert "-    with context.begin_transaction():" in shown.stdout
    assert tools("adopt", "--write", cwd=project).stdout == shown.stdout
    assert tools("adopt", cwd=project).stdout == "migrations/env.py calls schema_tools.environment.run already\n"
    assert tools("lock", cwd=project).returncode == 0
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        done = tools("upgrade", "--database", url, cwd=project)
        assert (done.returncode, done.stderr) == (0, "")
        with connected(url) as connection:
            assert "schema_tools_log" in inspect(connection).get_table_names()
        applied = json.loads(tools("history", "--database", url, "--format", "json", cwd=project).stdout)
    assert {one["applied"] for one in applied} == {True}
    assert json.loads(tools("verify", "--format", "json", cwd=project).stdout)["findings"] == []


def test_a_project_that_is_not_adopted_is_told_how_when_it_is_to_migrate(project: Path) -> None:
    tools("lock", cwd=project)

    done = tools("upgrade", "--database", f"sqlite:///{project}/live.db", cwd=project)

    assert done.returncode == 2
    assert "as `schema-tools adopt` shows" in done.stderr


def test_options_and_the_url_are_kept(tmp_path: Path) -> None:
    options = ", include_object=include_object, compare_type=False, version_table='steps'"

    changed = adopted(env_py(tmp_path, options=options), "env.py")

    assert changed.endswith(
        "\n\n\nrun(metadata, lambda: str(database_url), include_object=include_object, compare_type=False,"
        " version_table='steps')\n"
    )
    assert "def include_object" in changed
    assert "create_engine" not in changed
    compile(changed, "env.py", "exec")


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"before": "connection.exec_driver_sql('SET ROLE owner')"}, "env.py:15 does something of its own"),
        ({"options": ", **extra()"}, "env.py:16 passes arguments to context.configure that cannot be followed"),
        ({"url": "connection_url"}, "env.py:13 takes the URL from connection_url, which is set in a function"),
    ],
)
def test_what_would_be_lost_is_left_to_be_changed_by_hand(tmp_path: Path, parts: dict[str, str], sentence: str) -> None:
    with pytest.raises(NotAdoptable, match=sentence):
        adopted(env_py(tmp_path, **parts), "env.py")


def test_an_env_py_that_configures_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "env.py").write_text("pass\n")

    with pytest.raises(NotAdoptable, match=r"does not call context\.configure"):
        adopted(tmp_path / "env.py", "env.py")
