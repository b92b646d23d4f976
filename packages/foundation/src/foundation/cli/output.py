"""How the command line reports errors: one sentence on standard error."""

import typer


def say_error(sentence: str) -> None:
    """One sentence on standard error."""
    typer.echo(f"fastapi-service: {sentence}", err=True)
