"""What is reported about the lines of a file that was imported, or was not."""

from foundation.files.rejected import LineError, RejectedLine
from foundation.kernel.bulk_import import MOST_REPORTED, ImportReport


def errors_by_line(report: ImportReport[RejectedLine], taken: LineError | None = None) -> list[tuple[int, LineError]]:
    """What is wrong with which line: the first hundred errors in order.

    Lines whose unique value is taken are among them if `taken` says what is wrong with them.
    """
    errors = [(rejected.line, error) for rejected in report.rejected_lines for error in rejected.errors]
    if taken is not None:
        errors += [(line, taken) for line in report.taken_lines]
    return sorted(errors, key=lambda each: each[0])[:MOST_REPORTED]
