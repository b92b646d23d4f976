"""`python -m schema_tools COMMAND`, which `schema-tools COMMAND` is, too."""

import sys

from sqlalchemy import __version__


def run() -> None:
    """Run the command line, where SQLAlchemy is new enough for its modules to be imported."""
    if __version__.startswith(("0.", "1.")):
        sys.stderr.write(f"schema_tools: these tools need SQLAlchemy 2.0 or newer, and this is {__version__}\n")
        sys.exit(2)
    from schema_tools.cli.standalone import run as run_commands  # noqa: PLC0415 -- see above

    run_commands()


if __name__ == "__main__":
    run()
