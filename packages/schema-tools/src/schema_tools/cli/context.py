"""The project and the database that the commands work on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from schema_tools.errors import SchemaToolsError

if TYPE_CHECKING:
    from schema_tools.project import SchemaProject


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext:
    """The project and the database, each looked up when a command needs it: what it does not need cannot fail it.

    Attributes:
        project: Gives the mapping, the migrations and the document.
        database_url: Gives the database that commands on a live one work on.
        say_error: Writes one sentence on standard error, prefixed with the program's name.
        application_url: Gives the URL that the application connects with; None where that is the same.
    """

    project: "Callable[[], SchemaProject]"
    database_url: Callable[[], str]
    say_error: Callable[[str], None]
    application_url: Callable[[], str | None] = lambda: None

    def checkout(self) -> "SchemaProject":
        """The project, for commands that write its files.

        Raises:
            SchemaToolsError: This is an installed package, which has no such files.
        """
        project = self.project()
        if project.document is None:
            raise SchemaToolsError(
                "this needs a checkout of the project; an installed package has no files to write to"
            )
        return project

    @contextmanager
    def could_not_run(self) -> Iterator[None]:
        """Turn what could not be done to one sentence and exit status 2.

        Raises:
            typer.Exit: In place of a `SchemaToolsError`.
        """
        try:
            yield
        except SchemaToolsError as error:
            self.say_error(str(error))
            raise typer.Exit(2) from None
