"""The routes that import and export users."""

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
from entrypoints.user_files import USER_FILES
from foundation.files.file_format import FileFormat, format_of
from foundation.files.reading import read_records
from foundation.files.writing import write_records
from foundation.http.access.scopes import scoped
from foundation.http.edge.concurrency_limit import ConcurrencyLimit
from foundation.http.limits import MAX_IMPORT_SIZE
from foundation.http.openapi.headers import content_disposition
from foundation.http.openapi.operations import file_body, file_content, parameters, responses
from foundation.http.problems import kinds
from foundation.http.requests.body import media_type_of_file, read_pieces
from foundation.http.requests.idempotency import refuse_key
from foundation.http.requests.json_body import JSON
from foundation.http.requests.negotiation import answers
from foundation.http.requests.query import query
from foundation.http.responses import json_response, streamed
from foundation.http.routing.providing import provided

router = APIRouter(prefix="/users")

_MEDIA_TYPES: Final = {one.value: one.media_type for one in FileFormat}
_EXAMPLES: Final = {
    FileFormat.NDJSON.media_type: '{"email":"ada@example.com","name":"Ada Lovelace"}\n',
    FileFormat.CSV.media_type: "email,name\r\nada@example.com,Ada Lovelace\r\n",
}
_NO_KEY: Final = (
    "An import takes no Idempotency-Key. It may be repeated with on_conflict=skip, which leaves out the lines that an "
    "earlier one imported."
)
_FILE: Final = "One user a line, as a JSON object with email and name; or CSV whose header is email,name."


@router.post(
    "/import",
    **scoped(
        "users:import",
        summary="Import users from a file",
        dependencies=[Depends(answers(JSON)), Depends(refuse_key(_NO_KEY))],
        openapi_extra=file_body(_FILE, _MEDIA_TYPES.values(), MAX_IMPORT_SIZE)
        | parameters(ImportUsersParameters, required={"format"}),
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
    ),
)
async def import_users(
    request: Request,
    options: Annotated[ImportUsersParameters, Depends(query(ImportUsersParameters))],
    users: Users,
    limit: Annotated[ConcurrencyLimit, provided("import_limit")],
) -> Response:
    """Import users from a file, in one transaction.

    The body is bytes, and `format` says what they are. Without `format` it is `application/x-ndjson` or `text/csv`.
    With `on_conflict=fail` one line that cannot be imported keeps all of them out. With `skip` such lines are left out.
    """
    file_format = format_of(media_type_of_file(request, _MEDIA_TYPES, options.format))
    pieces = read_pieces(request, MAX_IMPORT_SIZE)
    async with limit.slot() as when_needed, aclosing(read_records(pieces, file_format, USER_FILES)) as lines:
        report = await users.import_(ImportUsers(when_needed(lines), options.on_conflict))
    return json_response(present_report(report))


@router.get(
    "/export",
    **scoped(
        "users:export",
        summary="Export all users to a file",
        openapi_extra=parameters(ExportUsersParameters),
        responses=responses(
            200,
            "All users, by id.",
            kinds.VALIDATION_FAILED,
            content=file_content(_EXAMPLES),
            headers=content_disposition("users", [one.value for one in FileFormat]),
        ),
    ),
)
async def export_users(
    request: Request,
    options: Annotated[ExportUsersParameters, Depends(query(ExportUsersParameters))],
    media_type: Annotated[str, Depends(answers(*_MEDIA_TYPES.values()))],
    users: Users,
) -> Response:
    """Export all users. A failure midway breaks the connection, so that a part of a file is not taken for the whole.

    With `fields=email,name` the import takes the file. In CSV a cell that a spreadsheet would run is preceded by an
    apostrophe.
    """
    file_format = format_of(media_type)
    headers = {
        "Content-Type": f"{media_type}; charset=utf-8; header=present" if file_format is FileFormat.CSV else media_type,
        "Content-Disposition": f'attachment; filename="users.{file_format.value}"',
    }
    return streamed(request, write_records(await users.export(), file_format, USER_FILES, options.fields), headers)
