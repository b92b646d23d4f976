"""`fastapi-service users`: the use cases of users, from a terminal."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from application.users.create_user import CreateUser
from application.users.delete_user import DeleteUser
from application.users.get_user import GetUser
from application.users.list_users import ListUsers
from application.users.ports import UserFilter, UserSort, UserView
from application.users.update_user import UpdateUser
from domain.users.email_address import EmailAddress
from domain.users.user import NewUser, UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from entrypoints.cli import user_files
from entrypoints.cli.use_cases import run
from foundation.kernel.pagination import LARGEST_LIMIT
from foundation.kernel.unset import UNSET
from foundation.times import rfc3339
from schema_tools.cli.output import Format, write_json, write_table

if TYPE_CHECKING:
    from entrypoints.container import Container

app = typer.Typer(help="Create, read, list, change, delete, import and export users.", no_args_is_help=True)
app.command("import")(user_files.import_users)
app.command("export")(user_files.export_users)

_COLUMNS: Final = ("id", "email", "name", "created_at", "updated_at")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter("write a time such as 2025-12-16T10:00:00Z; without a zone it is in UTC") from None


IdArgument = Annotated[int, typer.Argument(metavar="ID", help="The id of the user.")]
FormatOption = Annotated[Format, typer.Option("--format", help="How the result is written.")]


@app.command("create")
def create_user(
    email: Annotated[str, typer.Option(help="The email address; nobody else may have it.")],
    name: Annotated[str, typer.Option(help="The full name.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """Create a user."""
    command = CreateUser(NewUser(EmailAddress(email), UserName(name)))
    _write([run(lambda container: container.users().create(command)).value], output)


@app.command("get")
def get_user(user_id: IdArgument, output: FormatOption = Format.TEXT) -> None:
    """Show a user."""
    query = GetUser(UserId(user_id))
    _write([run(lambda container: container.users().get(query))], output)


@app.command("list")
def list_users(
    limit: Annotated[int, typer.Option(min=1, help="At most so many users.")] = 50,
    sort: Annotated[UserSort, typer.Option(help="The order; a minus sign turns it round.")] = UserSort.ID,
    email: Annotated[str | None, typer.Option(help="Only the user with this address.")] = None,
    created_after: Annotated[
        datetime | None, typer.Option(parser=_moment, metavar="TIME", help="Only users created later.")
    ] = None,
    created_before: Annotated[
        datetime | None, typer.Option(parser=_moment, metavar="TIME", help="Only users created earlier.")
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """List users."""
    where = UserFilter(
        email=EmailAddress(email) if email is not None else None,
        created_after=created_after,
        created_before=created_before,
    )
    _write(run(lambda container: _walk(container, where, sort, limit)), output, many=True)


@app.command("update")
def update_user(
    user_id: IdArgument,
    email: Annotated[str | None, typer.Option(help="The new email address.")] = None,
    name: Annotated[str | None, typer.Option(help="The new full name.")] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Change a user."""
    changes = UserChanges(
        email=EmailAddress(email) if email is not None else UNSET,
        name=UserName(name) if name is not None else UNSET,
    )
    command = UpdateUser(UserId(user_id), changes)
    _write([run(lambda container: container.users().update(command))], output)


@app.command("delete")
def delete_user(user_id: IdArgument) -> None:
    """Delete a user for good."""
    command = DeleteUser(UserId(user_id))
    run(lambda container: container.users().delete(command))


async def _walk(container: "Container", where: UserFilter, sort: UserSort, limit: int) -> list[UserView]:
    users: list[UserView] = []
    after = None
    while len(users) < limit:
        size = min(limit - len(users), LARGEST_LIMIT)
        page = await container.users().list(ListUsers(where, sort, size, after))
        users += page.items
        if page.next is None:
            break
        after = page.next
    return users


def _write(users: Sequence[UserView], output: Format, *, many: bool = False) -> None:
    documents = [_document(user) for user in users]
    if output is Format.TEXT:
        write_table(_COLUMNS, documents)
    else:
        write_json(documents if many else documents[0])


def _document(user: UserView) -> dict[str, Any]:
    return {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in user._asdict().items()}
