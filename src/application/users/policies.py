"""The rules about which users a principal may see and change."""

import re
from typing import Final

from domain.users.user_id import UserId
from foundation.kernel.access.policy import EVERY_ROW, NO_ROW, Forbidden, Restriction
from foundation.kernel.access.principal import Principal
from foundation.kernel.integer_id import InvalidId

ADMINISTRATION: Final = "users:admin"
"""The scope of administrators."""

# One spelling for each id.
_ID: Final = re.compile("[1-9][0-9]{0,9}")


class OwnUsersOnly:
    """Users see and change themselves; administrators, who have the scope `users:admin`, see and change all users.

    A principal is the user whose id is its `owner`. See `RowPolicy`.
    """

    def readable(self, principal: Principal) -> Restriction:
        """See `RowPolicy.readable`."""
        if principal.may(ADMINISTRATION):
            return EVERY_ROW
        if principal.owner is None or not _ID.fullmatch(principal.owner):
            return NO_ROW
        try:
            return {"id": UserId(int(principal.owner))}
        except InvalidId:
            return NO_ROW

    def changeable(self, principal: Principal) -> Restriction:
        """See `RowPolicy.changeable`."""
        return self.readable(principal)

    def check_adding(self, principal: Principal) -> None:
        """See `RowPolicy.check_adding`."""
        if not principal.may(ADMINISTRATION):
            raise Forbidden("Only administrators may create users.", scope=ADMINISTRATION)
