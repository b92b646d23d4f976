"""Users in memory."""

from typing import Final

from application.users.ports import UserView
from domain.users.errors import EmailAddressesTaken, EmailAlreadyTaken, UserNotFound
from domain.users.user import User
from domain.users.user_id import UserId
from foundation.kernel.constraints import Unique
from foundation.memory.adapter import InMemoryAdapter

ADAPTER: Final = InMemoryAdapter[User, UserId, UserView](
    entity=User,
    view=UserView.of,
    new=User.register,
    not_found=UserNotFound,
    unique={"email": Unique(EmailAlreadyTaken, EmailAddressesTaken)},
)
