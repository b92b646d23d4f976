"""The commands that revoke access tokens."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Generic

import typer

from foundation.cli.output import Format, FormatOption
from foundation.cli.program import ContainerT, Program
from foundation.cli.records import first_records, write_record, write_records
from foundation.kernel.access.revocations.ports import RevocationView
from foundation.kernel.access.revocations.revocation import NewRevocation, RevocationId, Revoked, RevokedBy
from foundation.kernel.access.revocations.use_cases import RevokeTokens

if TYPE_CHECKING:
    from foundation.kernel.access.revocations.use_cases import RevocationUseCases


class TokenCommands(Generic[ContainerT]):
    """The commands, as a Typer application: `app`."""

    def __init__(
        self, program: Program[Any, ContainerT], use_cases: Callable[[ContainerT], "RevocationUseCases"]
    ) -> None:
        self._program = program
        self._use_cases = use_cases
        self.app = typer.Typer(help="Revoke access tokens of the identity provider.", no_args_is_help=True)
        self.app.command("revoke")(self._revoke)
        self.app.command("list")(self._list)
        self.app.command("accept")(self._accept)

    def _revoke(
        self,
        by: Annotated[RevokedBy, typer.Argument(help="What tells the tokens.")],
        revoked: Annotated[str, typer.Argument(metavar="ID", help="The subject, or the id of the key or token.")],
        output: FormatOption = Format.TEXT,
    ) -> None:
        """Revoke tokens. When the command ends, no worker accepts them. Of a subject, later tokens are accepted."""
        command = RevokeTokens(NewRevocation(by, Revoked(revoked)))
        write_record(self._program.run(lambda container: self._use_cases(container).revoke(command)), output)

    def _list(
        self,
        limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
        output: FormatOption = Format.TEXT,
    ) -> None:
        """List the revocations."""
        found = self._program.run(lambda container: first_records(self._use_cases(container).list, limit))
        write_records(RevocationView._fields, found, output)

    def _accept(self, revocation_id: Annotated[int, typer.Argument(metavar="ID", help="Of the revocation.")]) -> None:
        """Take a revocation back: its tokens are accepted again until they expire."""
        command = RevocationId(revocation_id)
        self._program.run(lambda container: self._use_cases(container).take_back(command))
