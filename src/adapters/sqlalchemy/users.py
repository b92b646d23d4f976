"""Users in a relational database."""

from typing import Final

from adapters.sqlalchemy.tables import users
from application.users.ports import UserView
from domain.users.errors import EmailAddressesTaken, EmailAlreadyTaken, UserNotFound
from domain.users.user import User
from domain.users.user_id import UserId
from foundation.kernel.constraints import Unique
from foundation.sqlalchemy.adapter import SqlAlchemyAdapter

ADAPTER: Final = SqlAlchemyAdapter[User, UserId, UserView](
    entity=User,
    table=users,
    version=users.c.updated_at,
    view=UserView,
    new=User.register,
    not_found=UserNotFound,
    unique={"uq_users_email": Unique(EmailAlreadyTaken, EmailAddressesTaken)},
)
