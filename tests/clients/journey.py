"""What a program does with the client that openapi-python-client generates; prints what it saw as JSON.

Run with the address of the service by the environment of `requirements/clients.lock`, beside the generated package.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from fastapi_service_client import Client
from fastapi_service_client.api.users import (
    create_user,
    create_users,
    delete_user,
    export_users,
    get_user,
    import_users,
    list_users,
    update_user,
)
from fastapi_service_client.models import (
    CreateUser,
    CreateUsers,
    ImportReport,
    ImportUsersFormat,
    ImportUsersOnConflict,
    ListUsersSort,
    Problem,
    UpdateUser,
    User,
    UserPage,
    Users,
)
from fastapi_service_client.types import UNSET, File

NDJSON = b'{"email": "dee@example.com", "name": "Dee"}\n{"email": "nobody", "name": "E"}\n'
CSV = b"email,name\neve@example.com,Eve\nada@example.com,Ada\n"
client = Client(sys.argv[1], raise_on_unexpected_status=True)


def created() -> tuple[User, str]:
    """A user, and its entity tag."""
    body = CreateUser(email="ada@example.com", name="Ada")
    answers = [create_user.sync_detailed(client=client, body=body, idempotency_key="once") for _ in range(2)]
    [user, again] = [answer.parsed for answer in answers]
    assert isinstance(user, User)
    assert user == again
    return user, answers[0].headers["etag"]


def changed(user: User, tag: str) -> list[Any]:
    """The name after a change, and how a second change of the same version is refused."""
    done = update_user.sync(user.id, client=client, body=UpdateUser(name="Ada King"), if_match=tag)
    late = update_user.sync_detailed(user.id, client=client, body=UpdateUser(name="Late"), if_match=tag)
    assert isinstance(done, User)
    assert isinstance(late.parsed, Problem)
    return [done.name, late.status_code.value, late.parsed.type_.value]


def read(user: User) -> list[Any]:
    """The name, and the status for a client that has this version."""
    first = get_user.sync_detailed(user.id, client=client)
    assert isinstance(first.parsed, User)
    again = get_user.sync_detailed(user.id, client=client, if_none_match=first.headers["etag"])
    return [first.parsed.name, again.status_code.value]


def batch() -> list[str]:
    """The names of several users that are created at once."""
    items = [CreateUser(email=f"{name}@example.com", name=name.title()) for name in ("bea", "cay")]
    answer = create_users.sync(client=client, body=CreateUsers(items=items))
    assert isinstance(answer, Users)
    return [item.name for item in answer.items]


def imported(content: bytes, file_format: ImportUsersFormat) -> list[int]:
    """How many lines of a file were imported, skipped and rejected."""
    file = File(payload=BytesIO(content))
    report = import_users.sync(client=client, body=file, format_=file_format, on_conflict=ImportUsersOnConflict.SKIP)
    assert isinstance(report, ImportReport)
    return [report.imported, report.skipped, report.rejected]


def pages() -> list[list[str]]:
    """The names on all pages, the newest first."""
    found: list[list[str]] = []
    cursor: str | None = None
    while not found or cursor is not None:
        page = list_users.sync(client=client, sort=ListUsersSort.ID_DESCENDING, limit=3, cursor=cursor or UNSET)
        assert isinstance(page, UserPage)
        found.append([item.name for item in page.items])
        cursor = page.next_cursor
    return found


def filtered() -> list[Any]:
    """The names that two filters find, and how many there are in all."""
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    page = list_users.sync(client=client, email="EVE@example.com", created_after=now - hour, created_before=now + hour)
    counted = list_users.sync(client=client, limit=1, prefer="count=exact")
    assert isinstance(page, UserPage)
    assert isinstance(counted, UserPage)
    return [[item.name for item in page.items], counted.total]


def exported(media_type: str) -> str:
    """A file with two of the fields."""
    accepting = Client(sys.argv[1], headers={"Accept": media_type})
    content = export_users.sync(client=accepting, fields="email,name")
    assert isinstance(content, str)
    return content


def refused() -> list[Any]:
    """How a value that is not valid is named."""
    problem = create_user.sync(client=client, body=CreateUser(email="nobody", name="A"))
    assert isinstance(problem, Problem)
    assert problem.errors
    return [problem.status, [error.pointer for error in problem.errors]]


def main() -> None:
    """Do all of it, in this order."""
    user, tag = created()
    seen = {
        "created": user.email,
        "changed": changed(user, tag),
        "read": read(user),
        "batch": batch(),
        "imported": [imported(NDJSON, ImportUsersFormat.NDJSON), imported(CSV, ImportUsersFormat.CSV)],
        "pages": pages(),
        "filtered": filtered(),
        "exported": [exported("application/x-ndjson"), exported("text/csv")],
        "refused": refused(),
        "deleted": delete_user.sync_detailed(user.id, client=client).status_code.value,
    }
    print(json.dumps(seen))  # noqa: T201 -- what the test reads


main()
