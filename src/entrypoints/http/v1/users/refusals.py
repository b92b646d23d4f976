"""How it is said which of the given users cannot be kept: addresses that are taken, and lines of a list."""

from typing import Final

from domain.users.errors import EmailAddressesTaken, EmailAlreadyTaken
from entrypoints.user_files import USER_FILES
from foundation.files.rejected import RejectedLine
from foundation.files.report import errors_by_line
from foundation.http.problems.problem import FieldError, Problem, ProblemKind
from foundation.kernel.bulk_import import ImportRefused, ImportReport

_TAKEN: Final = (EmailAlreadyTaken.code, str(EmailAlreadyTaken()))


def addresses_taken(error: EmailAlreadyTaken) -> Problem:
    """The problem of a body whose email address is taken, or several of whose items have such an address."""
    positions = error.positions if isinstance(error, EmailAddressesTaken) else ()
    pointers = [f"#/items/{position}/email" for position in positions] or ["#/email"]
    errors = [FieldError(pointer, *_TAKEN) for pointer in pointers]
    return Problem(ProblemKind.EMAIL_ALREADY_TAKEN, str(error), errors=errors)


def import_refused(error: ImportRefused) -> Problem:
    """The problem of a list that was to be imported as a whole: lines that are not valid come before conflicts."""
    report = error.report
    kind = ProblemKind.VALIDATION_FAILED if report.rejected else ProblemKind.EMAIL_ALREADY_TAKEN
    # Nothing was kept, whatever the report says about what it began with.
    counts = {"imported": 0, "skipped": report.taken, "rejected": report.rejected}
    return Problem(kind, str(error), errors=errors_of_lines(report, with_taken=True), counts=counts)


def errors_of_lines(report: ImportReport[RejectedLine], *, with_taken: bool) -> list[FieldError]:
    """The first hundred errors of the lines, in their order; `with_taken`, an address that is taken is one, too."""
    return [
        FieldError(error.pointer, error.code, error.message, line=line)
        for line, error in errors_by_line(report, USER_FILES.taken if with_taken else None)
    ]
