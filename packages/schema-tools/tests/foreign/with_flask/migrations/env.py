from logging.config import fileConfig

from alembic import context
from flask import current_app

fileConfig(context.config.config_file_name)
migrate = current_app.extensions["migrate"]
context.config.set_main_option("sqlalchemy.url", str(migrate.db.engine.url).replace("%", "%%"))


def run_migrations_online():
    with migrate.db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=migrate.db.metadata, **migrate.configure_args)
        with context.begin_transaction():
            context.run_migrations()


run_migrations_online()
