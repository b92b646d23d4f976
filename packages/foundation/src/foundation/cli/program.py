"""The program of a service: what each of its commands needs."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

import typer

from foundation.kernel.access.principal import OPERATOR, begin_call
from foundation.kernel.errors import ApplicationError, DomainError
from foundation.setting_values import SettingsError, Storage
from foundation.settings import ServiceSettings

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)
ContainerT = TypeVar("ContainerT")
Result = TypeVar("Result")

# 128 and the number of SIGINT, as shells count.
_INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(Generic[SettingsT, ContainerT]):
    """A service on the command line.

    Attributes:
        name: The name of the command, which begins each error message.
        load_settings: Reads the settings, where keyword arguments come first.
        open_container: Assembles the service. It imports the storages when it is called, so that commands without
            them start fast.
        close_container: Closes the connections that the container opened.
    """

    name: str
    load_settings: Callable[..., SettingsT]
    open_container: Callable[[SettingsT], ContainerT]
    close_container: Callable[[ContainerT], Awaitable[None]]

    def start(self, commands: typer.Typer) -> None:
        """Run the command line; each error becomes one sentence on standard error and an exit status.

        The status is 0 for done, 1 for refused, 2 for could not run. In Python's development mode
        (https://docs.python.org/3/library/devmode.html), an error that was not expected shows its traceback.
        """
        try:
            commands()
        except DomainError as error:
            self.write_error(str(error))
            sys.exit(1)
        except (SettingsError, ApplicationError) as error:
            self.write_error(str(error))
            sys.exit(2)
        except ModuleNotFoundError as error:
            self.write_error(
                f"the Python in {sys.prefix} lacks the module {error.name}: "
                + (
                    "it was built without SQLite. Make the environment with one that has it."
                    if error.name == "_sqlite3"
                    else "install the requirements anew."
                )
            )
            sys.exit(2)
        except Exception as error:
            if sys.flags.dev_mode:
                raise
            from schema_tools.failures import defect

            self.write_error(defect(error))
            sys.exit(2)

    def write_error(self, sentence: str) -> None:
        """One sentence on standard error."""
        typer.echo(f"{self.name}: {sentence}", err=True)

    def run(self, work: Callable[[ContainerT], Awaitable[Result]]) -> Result:
        """Do `work` with a container of its own, and close it.

        Raises:
            SettingsError: what is stored would not outlive the command.
            typer.Exit: with status 130, when it is interrupted from the keyboard.
        """
        settings = self.load_settings()
        if settings.storage is Storage.MEMORY:
            raise SettingsError(
                "memory:// begins empty and ends with the command, so nothing would be kept; "
                "give another DATABASE_URL, or use the HTTP API of a running service."
            )

        async def run_and_close() -> Result:
            begin_call(replace(OPERATOR, tenant=settings.tenant))
            container = self.open_container(settings)
            try:
                return await work(container)
            finally:
                await self.close_container(container)

        try:
            return asyncio.run(run_and_close())
        except KeyboardInterrupt:
            raise typer.Exit(_INTERRUPTED) from None
