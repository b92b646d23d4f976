"""`fastapi-service users`: the use cases of users, from a terminal."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from application.users.create_user import CreateUser
from application.users.delete_user import DeleteUser
from application.users.get_user import GetUser
from application.users.import_users import ImportUsers
from application.users.list_users import ListUsers
from application.users.ports import UserFilter, UserSort, UserView
from application.users.update_user import UpdateUser
from domain.users.email_address import EmailAddress
from domain.users.user import NewUser, UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from entrypoints.cli.program import program
from entrypoints.user_files import USER_FILES
from foundation.cli.file_commands import FileCommands
from foundation.cli.output import Format, FormatOption
from foundation.cli.records import first_records, time_option, write_record, write_records
from foundation.kernel.unset import UNSET

if TYPE_CHECKING:
    from entrypoints.container import Container

app = typer.Typer(help="Create, read, list, change, delete, import and export users.", no_args_is_help=True)


async def _count(container: "Container") -> int | None:
    return (await container.users().list(ListUsers(limit=1, count=True))).total


FileCommands(
    program=program,
    schema=USER_FILES,
    import_=lambda container, lines, on_conflict: container.users().import_(ImportUsers(lines, on_conflict)),
    export=lambda container: container.users().export(),
    count=_count,
).add_to(app)

_Id = Annotated[int, typer.Argument(metavar="ID", help="The id of the user.")]


@app.command("create")
def create_user(
    email: Annotated[str, typer.Option(help="The email address; no other user may have it.")],
    name: Annotated[str, typer.Option(help="The full name.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """Create a user."""
    command = CreateUser(NewUser(EmailAddress(email), UserName(name)))
    write_record(program.run(lambda container: container.users().create(command)).value, output)


@app.command("get")
def get_user(user_id: _Id, output: FormatOption = Format.TEXT) -> None:
    """Show a user."""
    query = GetUser(UserId(user_id))
    write_record(program.run(lambda container: container.users().get(query)), output)


@app.command("list")
def list_users(
    limit: Annotated[int, typer.Option(min=1, help="At most this many users.")] = 50,
    sort: Annotated[UserSort, typer.Option(help="The order; a minus sign reverses it.")] = UserSort.ID,
    email: Annotated[str | None, typer.Option(help="Only the user with this address.")] = None,
    created_after: Annotated[datetime | None, time_option("Only users created later.")] = None,
    created_before: Annotated[datetime | None, time_option("Only users created earlier.")] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """List users."""
    where = UserFilter(
        email=EmailAddress(email) if email is not None else None,
        created_after=created_after,
        created_before=created_before,
    )
    users = program.run(
        lambda container: first_records(
            lambda size, after: container.users().list(ListUsers(where, sort, size, after)), limit
        )
    )
    write_records(UserView._fields, users, output)


@app.command("update")
def update_user(
    user_id: _Id,
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
    write_record(program.run(lambda container: container.users().update(command)), output)


@app.command("delete")
def delete_user(user_id: _Id) -> None:
    """Delete a user for good."""
    command = DeleteUser(UserId(user_id))
    program.run(lambda container: container.users().delete(command))
