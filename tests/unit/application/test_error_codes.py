"""The errors of the domain and the application, as far as all of them are alike."""

import re

import pytest

from domain.users import errors as user_errors
from foundation.kernel import errors as kinds_of_errors
from foundation.kernel.errors import (
    ApplicationError,
    DomainError,
    MigrationsPending,
    StorageMisconfigured,
    StorageUnavailable,
)

ERRORS = {
    error
    for module in (kinds_of_errors, user_errors)
    for error in vars(module).values()
    if isinstance(error, type) and issubclass(error, DomainError | ApplicationError)
}


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in ERRORS]
    assert len(set(codes)) == len(codes) > 10
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("error", sorted((e for e in ERRORS if issubclass(e, ApplicationError)), key=str))
def test_an_error_of_the_application_is_a_sentence_without_being_told_one(error: type[ApplicationError]) -> None:
    assert str(error()).endswith(".")


def test_an_operator_is_told_what_exactly_is_misconfigured() -> None:
    assert str(StorageMisconfigured("The directory is missing.")) == "The directory is missing."


def test_pending_migrations_make_the_storage_unavailable() -> None:
    assert issubclass(MigrationsPending, StorageUnavailable)
