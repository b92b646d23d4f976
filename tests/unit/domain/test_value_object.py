"""Value objects."""

from dataclasses import FrozenInstanceError, dataclass
from decimal import Decimal

import pytest

from domain.users.email_address import EmailAddress
from domain.users.user_name import UserName
from foundation.kernel.errors import InvalidValue
from foundation.kernel.value_object import ValueObject


@dataclass(frozen=True, slots=True, order=True)
class Even(ValueObject[int]):
    def __post_init__(self) -> None:
        if self.value % 2:
            raise InvalidValue("odd")


@dataclass(frozen=True, slots=True, order=True)
class Rank(ValueObject[int]):
    pass


def test_two_with_one_value_are_the_same() -> None:
    assert Even(2) == Even(2)
    assert len({Even(2), Even(2), Even(4)}) == 2


def test_one_value_of_two_kinds_is_not_the_same() -> None:
    rank: object = Rank(2)
    assert Even(2) != rank
    address: object = EmailAddress("user@example.com")
    assert UserName("user@example.com") != address


@dataclass(frozen=True, slots=True, order=True)
class Weight(ValueObject[Decimal]):
    pass


def test_they_are_ordered_by_value() -> None:
    assert sorted([Even(4), Even(2)]) == [Even(2), Even(4)]
    assert sorted([Weight(Decimal("1.5")), Weight(Decimal(1))]) == [Weight(Decimal(1)), Weight(Decimal("1.50"))]


def test_it_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Even(2).value = 4  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        Even(2).other = 4  # type: ignore[attr-defined]


def test_its_text_is_its_value() -> None:
    assert str(EmailAddress("User@example.com")) == "user@example.com"
    assert str(Even(2)) == "2"


def test_a_stored_value_is_trusted_although_the_rules_have_become_stricter() -> None:
    stored = Even.trusted(3)
    assert stored.value == 3
    with pytest.raises(InvalidValue):
        Even(stored.value)


def test_a_trusted_value_equals_the_same_value_that_was_checked() -> None:
    assert Even.trusted(2) == Even(2)
    assert hash(Even.trusted(2)) == hash(Even(2))
