"""The few general kinds of domain error. Each error is a noun that states a fact and knows no transport."""

from typing import ClassVar


class DomainError(Exception):
    """A rule of the domain was not met.

    `code` names the fact for programs and `str(error)` states it for people. Neither ever contains the
    rejected input, because both may be shown and logged.
    """

    code: ClassVar[str] = "domain-error"


class InvalidValue(DomainError):
    """A value breaks a rule about its form; the caller can correct it."""

    code = "invalid-value"


class NotFound(DomainError):
    """There is no such thing."""

    code = "not-found"


class AlreadyTaken(DomainError):
    """Something that must be unique belongs to somebody else."""

    code = "already-taken"
