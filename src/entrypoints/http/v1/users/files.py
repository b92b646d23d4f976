"""The routes of files of users."""

from contextlib import aclosing
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from application.users.import_users import ImportUsers
from entrypoints.http.v1.users.file_schemas import (
    ExportUsersParameters,
    ImportReportBody,
    ImportUsersParameters,
    present_report,
)
from entrypoints.http.v1.users.problems import EMAIL_ALREADY_TAKEN
from entrypoints.http.v1.users.routes import Users
from foundation.files.file_format import Form, form_of
from foundation.files.reading import read_users
from foundation.files.writing import write_users
from foundation.http.edge.concurrency_limit import ConcurrencyLimit
from foundation.http.json_response import json_response
from foundation.http.limits import LARGEST_IMPORT
from foundation.http.openapi.headers import content_disposition
from foundation.http.openapi.operations import parameters, responses, text_body
from foundation.http.problems import kinds
from foundation.http.requests.body import check_media_type, read_pieces
from foundation.http.requests.idempotency import refuse_key
from foundation.http.requests.json_body import JSON
from foundation.http.requests.negotiation import answers
from foundation.http.requests.query import query
from foundation.http.routing.providing import provided
from foundation.http.streaming import streamed

router = APIRouter(prefix="/users")

_MEDIA_TYPES: Final = tuple(form.media_type for form in Form)
_EXAMPLES: Final = {
    Form.NDJSON.media_type: '{"email":"ada@example.com","name":"Ada Lovelace"}\n',
    Form.CSV.media_type: "email,name\r\nada@example.com,Ada Lovelace\r\n",
}


async def _format_of_body(request: Request) -> Form:
    return form_of(check_media_type(request, _MEDIA_TYPES))


@router.post(
    "/import",
    summary="Import users from a file",
    dependencies=[Depends(answers(JSON)), Depends(refuse_key)],
    openapi_extra=text_body("One user a line, or CSV with the header email,name.", _EXAMPLES, LARGEST_IMPORT)
    | parameters(ImportUsersParameters),
    responses=responses(
        200,
        "The result of the import.",
        EMAIL_ALREADY_TAKEN,
        kinds.CONTENT_TOO_LARGE,
        kinds.UNSUPPORTED_MEDIA_TYPE,
        kinds.VALIDATION_FAILED,
        kinds.COMMIT_OUTCOME_UNKNOWN,
        model=ImportReportBody,
    ),
)
async def import_users(
    request: Request,
    wanted: Annotated[ImportUsersParameters, Depends(query(ImportUsersParameters))],
    format_: Annotated[Form, Depends(_format_of_body)],
    users: Users,
    limit: Annotated[ConcurrencyLimit, provided("import_limit")],
) -> Response:
    """Import users from a file, in one transaction.

    With `on_conflict=fail` one line that cannot be imported keeps all of them out. With `skip` such lines are left out.
    """
    with limit.slot():
        async with aclosing(read_users(read_pieces(request, LARGEST_IMPORT), format_)) as lines:
            report = await users.import_(ImportUsers(lines, wanted.on_conflict))
    return json_response(present_report(report))


@router.get(
    "/export",
    summary="Export all users to a file",
    openapi_extra=parameters(ExportUsersParameters),
    responses=responses(
        200,
        "All users, by id.",
        kinds.VALIDATION_FAILED,
        content={
            media_type: {"schema": {"type": "string", "contentMediaType": media_type}, "example": example}
            for media_type, example in _EXAMPLES.items()
        },
        headers=content_disposition("users", [form.value for form in Form]),
    ),
)
async def export_users(
    request: Request,
    wanted: Annotated[ExportUsersParameters, Depends(query(ExportUsersParameters))],
    media_type: Annotated[str, Depends(answers(*_MEDIA_TYPES))],
    users: Users,
) -> Response:
    """Export all users. A failure midway breaks the connection, so that a part of a file is not taken for the whole.

    With `fields=email,name` the import takes the file. In CSV a cell that a spreadsheet would run is preceded by an
    apostrophe.
    """
    format_ = form_of(media_type)
    headers = {
        "Content-Type": f"{media_type}; charset=utf-8; header=present" if format_ is Form.CSV else media_type,
        "Content-Disposition": f'attachment; filename="users.{format_.value}"',
    }
    return streamed(request, write_users(await users.export(), format_, wanted.fields), headers)
