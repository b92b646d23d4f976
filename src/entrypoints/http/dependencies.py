"""What routes ask for: use cases and the like, from the container of the application."""

from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Request

from application.users.create_user import CreateUserHandler
from application.users.create_users import CreateUsersHandler
from application.users.delete_user import DeleteUserHandler
from application.users.export_users import ExportUsersHandler
from application.users.get_user import GetUserHandler
from application.users.import_users import ImportUsersHandler
from application.users.list_users import ListUsersHandler
from application.users.update_user import UpdateUserHandler
from entrypoints.settings import Settings
from foundation.http.edge.concurrency_limit import Admission
from foundation.http.requests.cursors import CursorCodec


def _provided(name: str) -> Any:
    # Asynchronous, because FastAPI sends synchronous dependencies to a thread.
    async def provide(request: Request) -> object:
        return getattr(request.app.state.container, name)()

    return Depends(provide)


CreateUserUseCase: TypeAlias = Annotated[CreateUserHandler, _provided("create_user")]
CreateUsersUseCase: TypeAlias = Annotated[CreateUsersHandler, _provided("create_users")]
GetUserUseCase: TypeAlias = Annotated[GetUserHandler, _provided("get_user")]
ListUsersUseCase: TypeAlias = Annotated[ListUsersHandler, _provided("list_users")]
UpdateUserUseCase: TypeAlias = Annotated[UpdateUserHandler, _provided("update_user")]
DeleteUserUseCase: TypeAlias = Annotated[DeleteUserHandler, _provided("delete_user")]
ImportUsersUseCase: TypeAlias = Annotated[ImportUsersHandler, _provided("import_users")]
ExportUsersUseCase: TypeAlias = Annotated[ExportUsersHandler, _provided("export_users")]
Cursors: TypeAlias = Annotated[CursorCodec, _provided("cursors")]
ImportAdmission: TypeAlias = Annotated[Admission, _provided("import_admission")]
CurrentSettings: TypeAlias = Annotated[Settings, _provided("settings")]
