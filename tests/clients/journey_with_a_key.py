"""What a program does with the client that openapi-python-client generates of a service with AUTH_MODE; prints as JSON.

Run with the address of the service and an API key by the environment of `requirements/clients.lock`, beside the
generated package.
"""

import json
import sys
from http import HTTPStatus
from io import BytesIO
from typing import Any

from fastapi_service_client import AuthenticatedClient, Client
from fastapi_service_client.api.api_keys import issue_api_key, revoke_api_key
from fastapi_service_client.api.users import create_user, delete_user, export_users, import_users, list_users
from fastapi_service_client.models import (
    CreateUser,
    ImportReport,
    ImportUsersFormat,
    IssueApiKey,
    IssuedApiKey,
    Problem,
    User,
)
from fastapi_service_client.types import File, Response

URL, SECRET = sys.argv[1:]
client = AuthenticatedClient(URL, token=SECRET, raise_on_unexpected_status=True)


def problem(answer: Response[Any]) -> list[Any]:
    """How a request was refused."""
    assert isinstance(answer.parsed, Problem)
    return [answer.status_code.value, answer.parsed.type_.value]


def refused() -> list[list[Any]]:
    """How requests without a credential, and with a wrong one, are refused."""
    wrong = AuthenticatedClient(URL, token=f"{SECRET}x")
    without = list_users.sync_detailed(client=Client(URL))  # type: ignore[arg-type]  # mypy refuses it as well
    return [problem(without), problem(list_users.sync_detailed(client=wrong))]


def created() -> User:
    """A new user."""
    user = create_user.sync(client=client, body=CreateUser(email="ada@example.com", name="Ada"))
    assert isinstance(user, User)
    return user


def imported() -> int:
    """How many lines of a file were imported."""
    file = File(payload=BytesIO(b'{"email": "bea@example.com", "name": "Bea"}\n'))
    report = import_users.sync(client=client, body=file, format_=ImportUsersFormat.NDJSON)
    assert isinstance(report, ImportReport)
    return report.imported


def with_less(user: User) -> list[Any]:
    """What a key that the program issues may do and not do, and how it is refused once it was revoked."""
    issued = issue_api_key.sync(client=client, body=IssueApiKey(name="Reader", scopes="users:read"))
    assert isinstance(issued, IssuedApiKey)
    reader = AuthenticatedClient(URL, token=issued.secret)
    read = list_users.sync_detailed(client=reader).status_code
    forbidden = delete_user.sync_detailed(user.id, client=reader)
    assert read == HTTPStatus.OK
    revoked = revoke_api_key.sync_detailed(issued.id, client=client).status_code
    return [issued.scopes, problem(forbidden), revoked.value, problem(list_users.sync_detailed(client=reader))]


def main() -> None:
    """Do all of it, in this order."""
    without = refused()
    user = created()
    seen = {
        "refused": without,
        "created": user.email,
        "imported": imported(),
        "exported": export_users.sync(client=client, fields="email,name"),
        "with less": with_less(user),
        "deleted": delete_user.sync_detailed(user.id, client=client).status_code.value,
    }
    print(json.dumps(seen))  # noqa: T201 -- what the test reads


main()
