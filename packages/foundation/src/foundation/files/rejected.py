"""Lines that are not valid records, and what is wrong with them. No message contains any part of a line."""

from dataclasses import dataclass
from typing import Final, Self

from foundation.files.lines import MAX_LINE_LENGTH
from foundation.kernel.bulk_import import MAX_REPORTED, ImportReport
from foundation.kernel.errors import DomainError


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong with one value of a line: `pointer` says which, `code` is for programs, `message` for people."""

    pointer: str
    code: str
    message: str

    @classmethod
    def of(cls, field: str, error: DomainError) -> Self:
        """The error about the value of a field."""
        return cls(f"#/{field}", error.code, str(error))


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that is not a valid record, by its number, with everything that is wrong with it."""

    line: int
    errors: tuple[LineError, ...]


TOO_LONG: Final = LineError("#", "line-too-long", f"may have at most {MAX_LINE_LENGTH} bytes")
NOT_JSON: Final = LineError("#", "malformed-line", "must be one JSON object, whole and on one line")
NOT_UTF_8_TEXT: Final = LineError("#", "malformed-line", "must be UTF-8 text without a byte order mark")
NOT_AN_OBJECT: Final = LineError("#", "not-an-object", "must be an object")
UNKNOWN_FIELD: Final = LineError("#", "unknown-field", "has a field that this resource does not have")
MALFORMED_CSV: Final = LineError(
    "#", "malformed-line", "must be cells between commas; one with a quote in it is quoted, and the quote is doubled"
)
UNCLOSED_QUOTE: Final = LineError(
    "#", "unclosed-quote", "has a quoted cell that does not end well, so that the lines behind it cannot be told apart"
)
NO_COMMAS: Final = LineError("#", "malformed-header", "must have commas between the names of the columns")
NOT_UTF_8: Final = LineError("#", "malformed-header", "must be UTF-8")
WRONG_NUMBER_OF_CELLS: Final = LineError("#", "wrong-number-of-cells", "must have as many cells as the header")
REPEATED_COLUMN: Final = LineError("#", "repeated-column", "must name each column once")


def read_only(field: str) -> LineError:
    """A field that no file may give."""
    return LineError(f"#/{field}", "read-only", "is read-only")


def required(field: str) -> LineError:
    """A field that each record must have."""
    return LineError(f"#/{field}", "required", "is required")


def errors_by_line(report: ImportReport[RejectedLine], taken: LineError | None = None) -> list[tuple[int, LineError]]:
    """What is wrong with which line: the first hundred errors in order.

    Lines whose unique value is taken are among them if `taken` says what is wrong with them.
    """
    errors = [(rejected.line, error) for rejected in report.rejected_lines for error in rejected.errors]
    if taken is not None:
        errors += [(line, taken) for line in report.taken_lines]
    return sorted(errors, key=lambda each: each[0])[:MAX_REPORTED]
