from alembic import context
from sqlalchemy import engine_from_config, pool

from lending import metadata

arguments = context.get_x_argument(as_dictionary=True)
section = context.config.get_section(context.config.config_ini_section, {})
if "url" in arguments:
    section["sqlalchemy.url"] = arguments["url"]

with engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)

    with context.begin_transaction():
        context.run_migrations()
