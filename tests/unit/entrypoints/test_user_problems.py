"""Saying which users cannot be kept."""

from domain.users.errors import EmailAddressesTaken, EmailAlreadyTaken
from entrypoints.http.v1.users.problems import EMAIL_ALREADY_TAKEN, addresses_taken, errors_of_lines, import_refused
from foundation.files.rejected import LineError, RejectedLine
from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.kernel.bulk_import import ImportRefused, ImportReport


def rejected(line: int, *pointers: str) -> RejectedLine:
    return RejectedLine(line, tuple(LineError(pointer, "wrong", "is wrong") for pointer in pointers))


def report(*, taken: tuple[int, ...] = (), rejected_lines: tuple[RejectedLine, ...] = ()) -> ImportReport[RejectedLine]:
    return ImportReport(7, len(taken), len(rejected_lines), taken, rejected_lines)


def places(problem: Problem) -> list[tuple[int | None, str]]:
    return [(error.line, error.at) for error in problem.errors]


def test_one_taken_address_is_that_of_the_body() -> None:
    problem = addresses_taken(EmailAlreadyTaken())
    assert problem.kind is EMAIL_ALREADY_TAKEN
    assert [error.document() for error in problem.errors] == [
        {"pointer": "#/email", "code": "email-already-taken", "message": "Another user has this email address."}
    ]


def test_taken_addresses_of_several_users_are_named_by_their_places() -> None:
    problem = addresses_taken(EmailAddressesTaken((0, 99)))
    assert [error.at for error in problem.errors] == ["#/items/0/email", "#/items/99/email"]


def test_lines_that_are_not_valid_come_before_conflicts() -> None:
    problem = import_refused(ImportRefused(report(taken=(2, 9), rejected_lines=(rejected(5, "#/email", "#/name"),))))
    assert problem.kind is kinds.VALIDATION_FAILED
    assert problem.counts == {"imported": 0, "skipped": 2, "rejected": 1}
    assert places(problem) == [(2, "#/email"), (5, "#/email"), (5, "#/name"), (9, "#/email")]


def test_a_list_with_taken_addresses_only_is_a_conflict() -> None:
    problem = import_refused(ImportRefused(report(taken=(2, 9))))
    assert problem.kind is EMAIL_ALREADY_TAKEN
    assert problem.errors[0].document() == {
        "line": 2,
        "pointer": "#/email",
        "code": "email-already-taken",
        "message": "Another user has this email address.",
    }


def test_a_hundred_errors_are_named_and_the_first_lines_are_among_them() -> None:
    lines = tuple(rejected(line, "#/email", "#/name") for line in range(100, 200))
    problem = import_refused(ImportRefused(report(taken=tuple(range(1, 31)), rejected_lines=lines)))
    assert [line for line, _ in places(problem)][:31] == [*range(1, 31), 100]
    assert len(problem.errors) == 100


def test_an_address_that_was_skipped_is_no_error() -> None:
    errors = errors_of_lines(report(taken=(1,), rejected_lines=(rejected(2, "#"),)), with_taken=False)
    assert [error.line for error in errors] == [2]
