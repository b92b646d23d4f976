"""Users in recorded answers, as JSON."""

import json
from collections.abc import Sequence
from datetime import datetime

from application.users.ports import UserView


def write_users(users: Sequence[UserView]) -> str:
    """The users as a text, for `read_users`."""
    rows = [[one.id, one.email, one.name, one.created_at.isoformat(), one.updated_at.isoformat()] for one in users]
    return json.dumps(rows)


def read_users(content: str) -> tuple[UserView, ...]:
    """The users that `write_users` wrote, also one of an earlier release."""
    return tuple(
        UserView(user_id, email, name, datetime.fromisoformat(created_at), datetime.fromisoformat(updated_at))
        for user_id, email, name, created_at, updated_at in json.loads(content)
    )
