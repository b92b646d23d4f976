"""The problems of users: an email address that is taken, and files with lines that cannot be imported."""

from typing import Final

from domain.users.errors import EmailAddressesTaken, EmailAlreadyTaken
from entrypoints.user_files import USER_FILES
from foundation.files.rejected import RejectedLine, errors_by_line
from foundation.http.problems import kinds
from foundation.http.problems.problem import FieldError, Problem, ProblemKind
from foundation.kernel.bulk_import import ImportRefused, ImportReport

_TAKEN: Final = (EmailAlreadyTaken.code, str(EmailAlreadyTaken()))

EMAIL_ALREADY_TAKEN: Final = ProblemKind(
    slug="email-already-taken",
    status=409,
    title="The email address is taken.",
    advice="Use another address, or find the user who has it.",
    happened=(
        "Another user has this email address; capital letters make no difference. Of several users at once, `errors` "
        "says which. Nothing was changed."
    ),
    to_do=(
        "Use another address, or find the user who has it: `GET /api/v1/users?email=...`. An import can leave such "
        "lines out: `on_conflict=skip`."
    ),
    example_errors=(FieldError("#/email", *_TAKEN),),
)


def addresses_taken(error: EmailAlreadyTaken) -> Problem:
    """The problem of a body whose email address is taken, or several of whose items have such an address."""
    positions = error.positions if isinstance(error, EmailAddressesTaken) else ()
    pointers = [f"#/items/{position}/email" for position in positions] or ["#/email"]
    errors = [FieldError(pointer, *_TAKEN) for pointer in pointers]
    return Problem(EMAIL_ALREADY_TAKEN, str(error), errors=errors)


def import_refused(error: ImportRefused) -> Problem:
    """The problem of a file that was to be imported as a whole: invalid lines come before conflicts."""
    report = error.report
    kind = kinds.VALIDATION_FAILED if report.rejected else EMAIL_ALREADY_TAKEN
    # Nothing was kept, whatever the report says about what it began with.
    counts = {"imported": 0, "skipped": report.taken, "rejected": report.rejected}
    return Problem(kind, str(error), errors=errors_of_lines(report, with_taken=True), counts=counts)


def errors_of_lines(report: ImportReport[RejectedLine], *, with_taken: bool) -> list[FieldError]:
    """The first hundred errors of the lines, in their order; `with_taken`, an address that is taken is one, too."""
    return [
        FieldError(error.pointer, error.code, error.message, line=line)
        for line, error in errors_by_line(report, USER_FILES.taken if with_taken else None)
    ]
