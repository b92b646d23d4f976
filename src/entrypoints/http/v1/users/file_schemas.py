"""The parameters and the report of an import, and the parameters of an export."""

from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, Field, WithJsonSchema

from entrypoints.http.v1.users.problems import errors_of_lines
from entrypoints.user_files import USER_FILES
from foundation.files.file_format import FileFormat
from foundation.files.rejected import RejectedLine
from foundation.http.schemas.fields import IfGiven, choice, from_choice, from_text
from foundation.http.schemas.models import CountField, RequestModel
from foundation.http.schemas.values import COUNT, one_of, some_of
from foundation.kernel.bulk_import import MAX_REPORTED, ImportReport, OnConflict
from foundation.kernel.errors import InvalidValue

EXPORTED_FIELDS: Final = some_of(
    tuple(USER_FILES.exported),
    f"The fields to write. They are written in the order {', '.join(USER_FILES.exported)}.",
    tuple(USER_FILES.imported),
)


class _UnknownConflictRule(InvalidValue):
    code = "unknown-conflict-rule"


_ON_CONFLICT: Final = one_of(
    OnConflict,
    "Whether lines that cannot be imported keep all lines out, or are left out themselves.",
    OnConflict.FAIL,
)
OnConflictField: TypeAlias = Annotated[OnConflict, from_choice(OnConflict, _ON_CONFLICT, _UnknownConflictRule)]
FileFormatField: TypeAlias = Annotated[FileFormat, choice(FileFormat, "The format of the file.")]
ChosenFields: TypeAlias = Annotated[tuple[str, ...], from_text(USER_FILES.choose_fields, EXPORTED_FIELDS)]


class ImportUsersParameters(RequestModel):
    """The query parameters of an import. `format` is that of bytes without a media type of their own."""

    format: IfGiven[FileFormatField] = None
    on_conflict: OnConflictField = OnConflict.FAIL


class ExportUsersParameters(RequestModel):
    """The query parameters of an export."""

    fields: ChosenFields = tuple(USER_FILES.exported)


class LineErrorBody(BaseModel):
    """What is wrong with a value of a line."""

    line: Annotated[int, WithJsonSchema({**COUNT, "minimum": 1, "examples": [3]})] = Field(
        description="The number of the line, from 1; the first of a record that has several."
    )
    pointer: str = Field(
        pattern="^#(?:/[a-z_]+)?$",
        max_length=100,
        description="A JSON pointer to the value within the line.",
        examples=["#/email"],
    )
    code: str = Field(
        pattern="^[a-z]+(?:-[a-z]+)*$",
        max_length=100,
        description="What is wrong, for programs.",
        examples=["invalid-email-address"],
    )
    message: str = Field(
        pattern=r"^[^\x00-\x1f\x7f]+$",
        max_length=1000,
        description="What is wrong, for people.",
        examples=["An email address may contain ASCII characters only."],
    )


class ImportReportBody(BaseModel):
    """The result of an import."""

    imported: CountField = Field(description="Users that were created.")
    skipped: CountField = Field(description="Lines that were left out because their address is taken.")
    rejected: CountField = Field(description="Lines that are not valid users.")
    errors: list[LineErrorBody] = Field(
        max_length=MAX_REPORTED,
        description=f"What is wrong with the rejected lines: the first {MAX_REPORTED} errors.",
    )


def present_report(report: ImportReport[RejectedLine]) -> dict[str, Any]:
    """The report of an import that was carried out, as an `ImportReportBody`."""
    errors = [error.document() for error in errors_of_lines(report, with_taken=False)]
    return {"imported": report.imported, "skipped": report.taken, "rejected": report.rejected, "errors": errors}
