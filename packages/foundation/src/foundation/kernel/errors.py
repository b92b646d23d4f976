"""The kinds of errors: of the domain, whose rules an input breaks, and of the application, which could not do its work.

Each error is a noun that states a fact and knows no transport. Adapters raise those of the application; entrypoints
present both.
"""

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
    """A value that must be unique belongs to another entity."""

    code = "already-taken"


class StillReferenced(DomainError):
    """Something cannot be deleted, because something else refers to it."""

    code = "still-referenced"


class ReferenceNotFound(DomainError):
    """An entity would refer to another one that does not exist; `attribute` names what would hold its id."""

    code = "reference-not-found"
    attribute: ClassVar[str]


class ApplicationError(Exception):
    """A use case could not be carried out. `str(error)` is a sentence for people, without any input in it."""

    code: ClassVar[str] = "application-error"
    sentence: ClassVar[str] = "The operation could not be carried out."
    for_operators: ClassVar[bool] = False
    """Whether the sentence says what an operator has to do, so that it belongs in the log."""

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.sentence)


class PreconditionFailed(ApplicationError):
    """The caller named the version it expects, and the entity has another by now."""

    code = "precondition-failed"
    sentence = "It has changed since the version that was named. Read it again before you change it."


class WriteConflict(ApplicationError):
    """Two writers met; this one wrote nothing. Trying again from the start is safe and likely to succeed."""

    code = "write-conflict"
    sentence = "Another writer changed the same data at the same time. Nothing was written; try again."


class IdTaken(WriteConflict):
    """The storage gave a new entity an id that another one has: something beside it wrote ids of its own."""

    code = "id-taken"
    sentence = (
        "The database gives new rows ids that are taken: its sequence is behind. `fastapi-service db audit` names it,"
        " and what sets it right. Nothing was written."
    )
    for_operators = True


class IdempotencyKeyInUse(ApplicationError):
    """Another call with the same idempotency key is still being carried out."""

    code = "idempotency-key-in-use"
    sentence = "A request with this idempotency key is still being carried out. Try again shortly for its answer."


class IdempotencyKeyReused(ApplicationError):
    """The idempotency key was used before, for another request."""

    code = "idempotency-key-reused"
    sentence = "This idempotency key was used for another request. Use a new key for a new request."


class StorageOverloaded(ApplicationError):
    """Every connection to the storage is in use and none came free in time. Nothing was written."""

    code = "storage-overloaded"
    sentence = "The service is busy. Nothing was written; try again shortly."


class StorageUnavailable(ApplicationError):
    """The storage cannot be reached or cannot answer. Nothing was written."""

    code = "storage-unavailable"
    sentence = "The storage cannot be reached. Nothing was written; try again shortly."


class MigrationsPending(StorageUnavailable):
    """The storage answers, but its schema is not the one this release needs."""

    code = "migrations-pending"
    sentence = "Migrations are pending: run `fastapi-service db upgrade`."
    for_operators = True


class UnreadableValue(StorageUnavailable):
    """A row has a value that is none of its column's type here. Something beside the service wrote it."""

    code = "unreadable-value"
    sentence = (
        "A stored value cannot be read: another program wrote a time beyond the years 1 to 9999, or something that is"
        " no text. Correct the row by SQL, and apply the migrations that refuse such values."
    )
    for_operators = True


class DeadlineExceeded(ApplicationError):
    """The storage did not finish in the time a statement or a lock may take. Nothing was written."""

    code = "deadline-exceeded"
    sentence = "The storage did not answer in time. Nothing was written."


class CommitOutcomeUnknown(ApplicationError):
    """The connection broke while the commit was under way: the write may or may not be there."""

    code = "commit-outcome-unknown"
    sentence = (
        "The connection to the storage broke during the commit. "
        "The change may or may not have been made; look before trying again."
    )


class StorageMisconfigured(ApplicationError):
    """The storage cannot be used as the settings name it. An operator has to change them."""

    code = "storage-misconfigured"
