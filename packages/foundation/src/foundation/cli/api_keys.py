"""The commands that issue, list, rotate and revoke API keys."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, NamedTuple, Self

import typer

from foundation.cli.output import Format, FormatOption
from foundation.cli.program import ContainerT, Program
from foundation.cli.records import first_records, time_option, write_record, write_records
from foundation.kernel.access.api_keys.issue_api_key import IssueApiKey, IssuedApiKey
from foundation.kernel.access.api_keys.ports import ApiKeyFilter, ApiKeySort
from foundation.kernel.access.api_keys.read_api_keys import ListApiKeys
from foundation.kernel.access.api_keys.revoke_api_key import RevokeApiKey
from foundation.kernel.access.api_keys.rotate_api_key import DEFAULT_OVERLAP, RotateApiKey
from foundation.kernel.access.api_keys.values import ApiKeyId, ApiKeyName, OwnerId, ScopeList, TenantId
from foundation.kernel.unset import UNSET

if TYPE_CHECKING:
    from foundation.kernel.access.api_keys.ports import ApiKeyView
    from foundation.kernel.access.api_keys.use_cases import ApiKeyUseCases

_HOURS: Final = int(DEFAULT_OVERLAP / timedelta(hours=1))


class ApiKeyCommands(Generic[ContainerT]):
    """The commands, as a Typer application: `app`. The operator may issue a key for any owner, with any scope."""

    def __init__(self, program: Program[Any, ContainerT], use_cases: Callable[[ContainerT], "ApiKeyUseCases"]) -> None:
        self._program = program
        self._use_cases = use_cases
        self.app = typer.Typer(help="Create, list, rotate and revoke API keys.", no_args_is_help=True)
        self.app.command("create")(self._create)
        self.app.command("list")(self._list)
        self.app.command("rotate")(self._rotate)
        self.app.command("revoke")(self._revoke)

    def _create(
        self,
        name: Annotated[str, typer.Option(help="What people call the key.")],
        scope: Annotated[list[str], typer.Option(help="A scope that it has. May be repeated.")],
        owner: Annotated[str | None, typer.Option(help="For whom it acts.")] = None,
        tenant: Annotated[str | None, typer.Option(help="The tenant whose rows it works on, if not TENANT.")] = None,
        expires_at: Annotated[datetime | None, time_option("When it ends; never, if it is not given.")] = None,
        output: FormatOption = Format.TEXT,
    ) -> None:
        """Create an API key, and show its secret once."""
        command = IssueApiKey(
            ApiKeyName(name),
            ScopeList(" ".join(scope)),
            OwnerId(owner) if owner is not None else None,
            TenantId(tenant) if tenant is not None else UNSET,
            expires_at,
        )
        self._write(self._program.run(lambda container: self._use_cases(container).issue(command)), output)

    def _list(
        self,
        limit: Annotated[int, typer.Option(min=1, help="At most this many keys.")] = 50,
        owner: Annotated[str | None, typer.Option(help="Only the keys of this owner.")] = None,
        output: FormatOption = Format.TEXT,
    ) -> None:
        """List API keys, without their secrets, which are not kept."""
        where = ApiKeyFilter(owner=OwnerId(owner) if owner is not None else None)
        keys = self._program.run(
            lambda container: first_records(
                lambda size, after: self._use_cases(container).list(ListApiKeys(where, ApiKeySort.ID, size, after)),
                limit,
            )
        )
        write_records(_ListedRecord._fields, [_ListedRecord.of(key) for key in keys], output)

    def _rotate(
        self,
        key_id: Annotated[int, typer.Argument(metavar="ID", help="The id of the key.")],
        overlap: Annotated[
            float, typer.Option(min=0, max=720, help="Hours for which the present secret stays good.")
        ] = _HOURS,
        output: FormatOption = Format.TEXT,
    ) -> None:
        """Give an API key a new secret, and show it once."""
        command = RotateApiKey(ApiKeyId(key_id), timedelta(hours=overlap))
        self._write(self._program.run(lambda container: self._use_cases(container).rotate(command)), output)

    def _revoke(self, key_id: Annotated[int, typer.Argument(metavar="ID", help="The id of the key.")]) -> None:
        """Revoke an API key for good. When the command ends, no worker accepts it."""
        command = RevokeApiKey(ApiKeyId(key_id))
        self._program.run(lambda container: self._use_cases(container).revoke(command))

    def _write(self, issued: IssuedApiKey, output: Format) -> None:
        key = issued.key
        write_record(
            _IssuedRecord(key.id, key.name, key.scopes, key.owner, key.tenant, key.expires_at, issued.secret), output
        )
        if output is Format.TEXT:
            typer.echo("Keep the secret: it is not shown again.", err=True)


class _ListedRecord(NamedTuple):
    """A key without the hashes of its secrets."""

    id: int
    name: str
    scopes: str
    owner: str | None
    tenant: str | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, key: "ApiKeyView") -> Self:
        return cls(*(getattr(key, name) for name in cls._fields))


class _IssuedRecord(NamedTuple):
    id: int
    name: str
    scopes: str
    owner: str | None
    tenant: str | None
    expires_at: datetime | None
    secret: str
