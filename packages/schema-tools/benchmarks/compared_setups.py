"""What a project has beside its own files for the tools that are compared: an `env.py` and tests, as they ask for."""

from typing import Final

from planted_faults import ENVIRONMENT

_SECTION: Final = "    connectable = engine_from_config(\n"

# https://pytest-alembic.readthedocs.io/en/latest/setup.html
PYTEST_ALEMBIC: Final = ENVIRONMENT.replace(
    _SECTION, '    connectable = config.attributes.get("connection", None) or engine_from_config(\n'
)
PYTEST_ALEMBIC_FILES: Final = {
    "pytest.ini": "[pytest]\n"
    "pytest_alembic_include_experimental = all_models_register_on_metadata, downgrade_leaves_no_trace\n",
    "tests/conftest.py": '''\
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url

SERVER = make_url(DATABASE)


@pytest.fixture
def alembic_config():
    customer = {"__tablename__": "customers", "id": 1, "email": "ada@example.com", "name": "Ada"}
    order = {"__tablename__": "orders", "id": 1, "customer_id": 1, "state": "open", "quantity": 1, "total": 5}
    return {"at_revision_data": {"a001": [customer, order]}}


@pytest.fixture
def alembic_engine():
    """A database of its own for each test."""
    name = f"test_{uuid4().hex}"
    with create_engine(SERVER, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql(f"CREATE database {name}")
    return create_engine(SERVER.set(database=name))
''',
}

# The documentation of alembic-gauntlet calls this the contract of env.py.
GAUNTLET: Final = ENVIRONMENT.replace(
    "def run_migrations_online() -> None:\n",
    """\
def run_migrations_online() -> None:
    connection, schema = (config.attributes.get(name) for name in ("connection", "target_schema"))
    if connection is not None:
        connection.exec_driver_sql(f'SET search_path TO "{schema}"')
        context.configure(connection=connection, version_table_schema=schema, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()
        return
""",
)
GAUNTLET_FILES: Final = {
    "pytest.ini": "[pytest]\nasyncio_mode = auto\n",
    "test_migrations.py": """\
import pytest
from alembic_gauntlet import MigrationTestBase
from alembic_gauntlet.fixtures import alembic_config, migration_engine

from shop.models import Base


class TestMigrations(MigrationTestBase):
    migration_diff_compare_server_default = True

    @pytest.fixture
    def orm_metadata(self):
        return Base.metadata

    @pytest.fixture(scope="session")
    def migration_db_url(self):
        return DATABASE.replace("+psycopg", "+asyncpg")
""",
}

# https://olirice.github.io/alembic_utils
UTILS: Final = ENVIRONMENT.replace(
    "from shop.models import Base\n",
    """\
from alembic_utils.pg_function import PGFunction
from alembic_utils.replaceable_entity import register_entities

from shop.models import LABEL, Base

register_entities([PGFunction(schema="public", signature="order_label(number integer)", definition=LABEL)])
""",
)
