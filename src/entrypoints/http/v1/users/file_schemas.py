"""What clients send and receive about files of users."""

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from entrypoints.http.v1.users.refusals import errors_of_lines
from entrypoints.http.v1.users.schemas import from_text
from entrypoints.http.v1.users.value_schemas import COUNT, FIELDS, ON_CONFLICT
from entrypoints.user_files import USER_FILES
from foundation.files.rejected import RejectedLine
from foundation.kernel.bulk_import import MOST_REPORTED, ImportReport, OnConflict
from foundation.kernel.errors import InvalidValue


class _UnknownConflictRule(InvalidValue):
    code = "unknown-conflict-rule"


def _read_on_conflict(text: str) -> OnConflict:
    try:
        return OnConflict(text)
    except ValueError:
        raise _UnknownConflictRule("must be one of " + ", ".join(OnConflict)) from None


OnConflictField: TypeAlias = Annotated[OnConflict, from_text(_read_on_conflict), WithJsonSchema(ON_CONFLICT)]
FieldsField: TypeAlias = Annotated[
    tuple[str, ...],
    from_text(USER_FILES.choose_fields),
    WithJsonSchema(FIELDS),
]
CountField: TypeAlias = Annotated[int, WithJsonSchema(COUNT)]


class ImportUsersParameters(BaseModel):
    """The query parameters of an import."""

    model_config = ConfigDict(extra="forbid")

    on_conflict: OnConflictField = OnConflict.FAIL


class ExportUsersParameters(BaseModel):
    """The query parameters of an export."""

    model_config = ConfigDict(extra="forbid")

    fields: FieldsField = tuple(USER_FILES.exported)


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
        max_length=MOST_REPORTED,
        description=f"What is wrong with the rejected lines: the first {MOST_REPORTED} errors.",
    )


def present_report(report: ImportReport[RejectedLine]) -> dict[str, Any]:
    """The report of an import that was carried out, as an `ImportReportBody`."""
    errors = [error.document() for error in errors_of_lines(report, with_taken=False)]
    return {"imported": report.imported, "skipped": report.taken, "rejected": report.rejected, "errors": errors}
