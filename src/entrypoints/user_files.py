"""Files of users, as they are imported and exported over HTTP and on the command line."""

from typing import Final

from application.users.ports import UserView
from domain.users.errors import EmailAlreadyTaken
from domain.users.user import NewUser
from foundation.files.rejected import LineError
from foundation.files.schema import FileSchema

USER_FILES: Final = FileSchema(
    NewUser, UserView, singular="user", plural="users", taken=LineError.of("email", EmailAlreadyTaken())
)
