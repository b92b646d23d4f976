"""The problems of one service: every kind it answers, and the kind of each error."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from foundation.http.problems import kinds
from foundation.http.problems.problem import FieldError, Problem, ProblemKind
from foundation.kernel import errors
from foundation.kernel.access.credentials import CredentialRejected, CredentialUnverifiable
from foundation.kernel.access.policy import Forbidden

_GENERAL_ERRORS: Final[Mapping[type[Exception], ProblemKind]] = {
    CredentialRejected: kinds.UNAUTHENTICATED,
    CredentialUnverifiable: kinds.AUTHENTICATION_UNAVAILABLE,
    Forbidden: kinds.FORBIDDEN,
    errors.AlreadyTaken: kinds.ALREADY_TAKEN,
    errors.CommitOutcomeUnknown: kinds.COMMIT_OUTCOME_UNKNOWN,
    errors.DeadlineExceeded: kinds.DEADLINE_EXCEEDED,
    errors.IdempotencyKeyInUse: kinds.IDEMPOTENCY_KEY_IN_USE,
    errors.IdempotencyKeyReused: kinds.IDEMPOTENCY_KEY_REUSED,
    errors.IdTaken: kinds.STORAGE_UNAVAILABLE,
    errors.InvalidValue: kinds.VALIDATION_FAILED,
    errors.NotFound: kinds.NOT_FOUND,
    errors.PreconditionFailed: kinds.PRECONDITION_FAILED,
    errors.ReferenceNotFound: kinds.REFERENCE_NOT_FOUND,
    errors.StillReferenced: kinds.STILL_REFERENCED,
    errors.StorageOverloaded: kinds.OVERLOADED,
    errors.StorageUnavailable: kinds.STORAGE_UNAVAILABLE,
    errors.WriteConflict: kinds.OVERLOADED,
}


def _reference_not_found(error: errors.ReferenceNotFound) -> Problem:
    wrong = FieldError(f"#/{error.attribute}", error.code, str(error))
    return Problem(kinds.REFERENCE_NOT_FOUND, str(error), errors=[wrong])


_GENERAL_PRESENTERS: Final[Mapping[type[Exception], Callable[[Any], Problem]]] = {
    errors.ReferenceNotFound: _reference_not_found,
}


class ProblemCatalogue:
    """The general kinds of problems, and those that a service adds by its errors.

    `kinds_of_errors` has the kinds of the service's own errors; `presenters` make the problem of an error that says
    more than its message, such as which of several values are wrong. The entry of the nearest base class counts, so
    that an error without an entry has the kind of its family in `foundation.kernel.errors`. An error that has none is a
    defect.

    Raises:
        ValueError: two kinds have the same slug.
    """

    def __init__(
        self,
        kinds_of_errors: Mapping[type[Exception], ProblemKind] | None = None,
        presenters: Mapping[type[Exception], Callable[[Any], Problem]] | None = None,
    ) -> None:
        self._kinds = {**_GENERAL_ERRORS, **(kinds_of_errors or {})}
        self._presenters = {**_GENERAL_PRESENTERS, **(presenters or {})}
        known = dict.fromkeys([*kinds.GENERAL_KINDS, *self._kinds.values()])
        self.kinds = tuple(sorted(known, key=lambda kind: kind.status))
        if len({kind.slug for kind in self.kinds}) < len(self.kinds):
            raise ValueError("two kinds of problems have the same slug")

    def kind_of(self, error: type[Exception]) -> ProblemKind | None:
        """The kind of problem that errors of this type are answered with; None when they are defects."""
        return next((self._kinds[family] for family in error.__mro__ if family in self._kinds), None)

    def present(self, error: Exception, kind: ProblemKind) -> Problem:
        """The problem of `error`, which is of this kind."""
        present = next((self._presenters[family] for family in type(error).__mro__ if family in self._presenters), None)
        if present is not None:
            return present(error)
        # Why the storage is unavailable is for operators, who find it in the log and at /readyz, not for every client.
        return Problem(kind, None if kind is kinds.STORAGE_UNAVAILABLE else str(error))
