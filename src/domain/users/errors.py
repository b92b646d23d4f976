"""Errors about users as a whole. Those of a value stand with its value object."""

from domain.users.email_address import EmailAddress
from domain.users.user_id import UserId
from foundation.kernel.errors import AlreadyTaken, NotFound


class UserNotFound(NotFound):
    """No user has this id."""

    code = "user-not-found"

    def __init__(self, user_id: UserId) -> None:
        super().__init__("There is no user with this id.")
        self.user_id = user_id


class EmailAlreadyTaken(AlreadyTaken):
    """Another user has this email address."""

    code = "email-already-taken"

    def __init__(self, email: EmailAddress | None = None) -> None:
        super().__init__("Another user has this email address.")
        self.email = email


class EmailAddressesTaken(EmailAlreadyTaken):
    """Of several new users, those at `positions`, counted from 0, have an address that is taken.

    The other user may be one of them that comes before.
    """

    code = "email-addresses-taken"

    def __init__(self, positions: tuple[int, ...]) -> None:
        super().__init__()
        self.positions = positions
