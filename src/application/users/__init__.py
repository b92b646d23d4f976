"""What can be done with users."""

from functools import partial

from application.unit_of_work import UnitOfWorkFactory
from application.users.create_user import CreateUserHandler
from application.users.create_users import CreateUsersHandler
from application.users.delete_user import DeleteUserHandler
from application.users.export_users import ExportUsersHandler
from application.users.get_user import GetUserHandler
from application.users.import_users import ImportUsersHandler
from application.users.list_users import ListUsersHandler
from application.users.ports import UserQueries, UserView
from application.users.update_user import UpdateUserHandler
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.clock import Clock
from foundation.kernel.idempotency import Idempotent, one_view, several_views
from foundation.kernel.retry import retried_on_conflict


class UserUseCases:
    """The use cases of users, assembled. Container, routes, command line and tests share this list."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, queries: UserQueries, access: RowAccess, clock: Clock) -> None:
        self.create = Idempotent(
            partial(CreateUserHandler, access=access, clock=clock), unit_of_work, clock, one_view(UserView)
        )
        self.create_many = Idempotent(
            partial(CreateUsersHandler, access=access, clock=clock), unit_of_work, clock, several_views(UserView)
        )
        self.get = GetUserHandler(queries, access)
        self.list = ListUsersHandler(queries, access)
        self.update = retried_on_conflict(UpdateUserHandler(unit_of_work, access, clock))
        self.delete = retried_on_conflict(DeleteUserHandler(unit_of_work, access))
        self.import_ = ImportUsersHandler(unit_of_work, access, clock)
        self.export = ExportUsersHandler(queries, access)
