"""`python -m schema_tools COMMAND --metadata package.module:metadata --config alembic.ini --database URL`."""

from schema_tools.cli.standalone import run

if __name__ == "__main__":
    run()
