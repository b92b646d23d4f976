"""What is said about the lines of a file that was imported, or was not."""

from typing import Final

from application.users.import_users import MOST_REPORTED, ImportReport, LineError
from domain.users.errors import EmailAlreadyTaken

_TAKEN: Final = LineError("#/email", EmailAlreadyTaken.code, str(EmailAlreadyTaken()))


def errors_by_line(report: ImportReport, *, with_taken: bool) -> list[tuple[int, LineError]]:
    """What is wrong with which line, and `with_taken` whose address is taken: the first hundred errors in order."""
    errors = [(rejected.line, error) for rejected in report.rejected_lines for error in rejected.errors]
    if with_taken:
        errors += [(line, _TAKEN) for line in report.taken_lines]
    return sorted(errors, key=lambda each: each[0])[:MOST_REPORTED]
