"""What routes ask for: use cases and the like, from the container of the application."""

from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Request

from application.users import UserUseCases
from entrypoints.settings import Settings
from foundation.http.edge.concurrency_limit import Admission
from foundation.http.requests.cursors import CursorCodec


def _provided(name: str) -> Any:
    # Asynchronous, because FastAPI sends synchronous dependencies to a thread.
    async def provide(request: Request) -> object:
        return getattr(request.app.state.container, name)()

    return Depends(provide)


Users: TypeAlias = Annotated[UserUseCases, _provided("users")]
Cursors: TypeAlias = Annotated[CursorCodec, _provided("cursors")]
ImportAdmission: TypeAlias = Annotated[Admission, _provided("import_admission")]
CurrentSettings: TypeAlias = Annotated[Settings, _provided("settings")]
