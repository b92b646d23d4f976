"""The routes of files of users."""

from contextlib import aclosing
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from application.users.import_users import ImportUsers
from entrypoints.http.dependencies import ImportAdmission, Users
from entrypoints.http.v1.users.file_schemas import (
    ExportUsersParameters,
    ImportReportBody,
    ImportUsersParameters,
    present_report,
)
from entrypoints.user_files import USER_FILES
from foundation.files.file_format import FileFormat, format_of
from foundation.files.reading import read_records
from foundation.files.writing import write_records
from foundation.http.json_response import json_response
from foundation.http.openapi import CONTENT_DISPOSITION, parameters, responses, text_body
from foundation.http.problems.problem import ProblemKind
from foundation.http.requests.body import LARGEST_IMPORT, check_media_type, read_pieces
from foundation.http.requests.idempotency import refuse_key
from foundation.http.requests.json_body import JSON
from foundation.http.requests.negotiation import answers
from foundation.http.requests.query import query
from foundation.http.streaming import streamed

router = APIRouter(prefix="/users", tags=["users"])

_MEDIA_TYPES: Final = tuple(one.media_type for one in FileFormat)
_EXAMPLES: Final = {
    FileFormat.NDJSON.media_type: '{"email":"ada@example.com","name":"Ada Lovelace"}\n',
    FileFormat.CSV.media_type: "email,name\r\nada@example.com,Ada Lovelace\r\n",
}


async def _format_of_body(request: Request) -> FileFormat:
    return format_of(check_media_type(request, _MEDIA_TYPES))


@router.post(
    "/import",
    summary="Import users from a file",
    dependencies=[Depends(answers(JSON)), Depends(refuse_key)],
    openapi_extra=text_body("One user a line, or CSV with the header email,name.", _EXAMPLES, LARGEST_IMPORT)
    | parameters(ImportUsersParameters),
    responses=responses(
        200,
        "The result of the import.",
        ProblemKind.EMAIL_ALREADY_TAKEN,
        ProblemKind.CONTENT_TOO_LARGE,
        ProblemKind.UNSUPPORTED_MEDIA_TYPE,
        ProblemKind.VALIDATION_FAILED,
        ProblemKind.COMMIT_OUTCOME_UNKNOWN,
        model=ImportReportBody,
    ),
)
async def import_users(
    request: Request,
    wanted: Annotated[ImportUsersParameters, Depends(query(ImportUsersParameters))],
    file_format: Annotated[FileFormat, Depends(_format_of_body)],
    users: Users,
    admission: ImportAdmission,
) -> Response:
    """Import users from a file, in one transaction.

    With `on_conflict=fail` one line that cannot be imported keeps all of them out. With `skip` such lines are left out.
    """
    with admission.admitted():
        async with aclosing(read_records(read_pieces(request, LARGEST_IMPORT), file_format, USER_FILES)) as lines:
            report = await users.import_(ImportUsers(lines, wanted.on_conflict))
    return json_response(present_report(report))


@router.get(
    "/export",
    summary="Export all users to a file",
    openapi_extra=parameters(ExportUsersParameters),
    responses=responses(
        200,
        "All users, by id.",
        ProblemKind.VALIDATION_FAILED,
        content={
            media_type: {"schema": {"type": "string", "contentMediaType": media_type}, "example": example}
            for media_type, example in _EXAMPLES.items()
        },
        headers=CONTENT_DISPOSITION,
    ),
)
async def export_users(
    request: Request,
    wanted: Annotated[ExportUsersParameters, Depends(query(ExportUsersParameters))],
    media_type: Annotated[str, Depends(answers(*_MEDIA_TYPES))],
    users: Users,
) -> Response:
    """Export all users. A failure midway breaks the connection, so that no part of a file is taken for the whole.

    With `fields=email,name` it is a file that the import takes. In CSV a cell that a spreadsheet would run is preceded
    by an apostrophe.
    """
    file_format = format_of(media_type)
    headers = {
        "Content-Type": f"{media_type}; charset=utf-8; header=present" if file_format is FileFormat.CSV else media_type,
        "Content-Disposition": f'attachment; filename="users.{file_format.value}"',
    }
    return streamed(request, write_records(await users.export(), file_format, USER_FILES, wanted.fields), headers)
