"""Users."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.users.email_address import EmailAddress
from domain.users.user import NewUser, User
from domain.users.user_name import UserName
from foundation.testing.clocks import MICROSECOND, NOON

ADA = UserName("Ada Lovelace")
GRACE = UserName("Grace Hopper")
ADDRESS = EmailAddress("ada@example.com")
OTHER_ADDRESS = EmailAddress("countess@example.com")


@pytest.fixture
def user() -> User:
    return User.register(NewUser(ADDRESS, ADA), at=NOON)


def test_a_registered_user_has_what_was_given_and_no_id_yet(user: User) -> None:
    assert (user.email, user.name, user.created_at, user.updated_at) == (ADDRESS, ADA, NOON, NOON)
    assert getattr(user, "id", None) is None


def test_renaming_changes_the_name_and_the_version(user: User) -> None:
    user.rename(GRACE, at=NOON + timedelta(hours=1))
    assert (user.name, user.updated_at) == (GRACE, NOON + timedelta(hours=1))
    assert (user.email, user.created_at) == (ADDRESS, NOON)


def test_changing_the_address_changes_the_address_and_the_version(user: User) -> None:
    user.change_email(OTHER_ADDRESS, at=NOON + timedelta(hours=1))
    assert (user.email, user.updated_at) == (OTHER_ADDRESS, NOON + timedelta(hours=1))
    assert (user.name, user.created_at) == (ADA, NOON)


def test_taking_what_one_already_has_changes_nothing(user: User) -> None:
    user.rename(UserName("  Ada Lovelace"), at=NOON + timedelta(hours=1))
    user.change_email(EmailAddress("ADA@example.com"), at=NOON + timedelta(hours=1))
    assert (user.email, user.name, user.updated_at) == (ADDRESS, ADA, NOON)


@pytest.mark.parametrize("at", [NOON, NOON - MICROSECOND, NOON - timedelta(days=400)])
def test_the_version_moves_on_by_a_microsecond_when_the_clock_does_not(user: User, at: datetime) -> None:
    user.rename(GRACE, at=at)
    assert user.updated_at == NOON + MICROSECOND


@settings(max_examples=50)
@given(st.lists(st.sampled_from([NOON + n * MICROSECOND for n in range(-3, 4)]), min_size=1, max_size=6))
def test_every_change_has_a_later_version_whatever_the_clock_says(times: list[datetime]) -> None:
    user = User.register(NewUser(ADDRESS, ADA), at=NOON)
    versions = [user.updated_at]
    for number, at in enumerate(times):
        user.rename(UserName(f"Name {number}"), at=at)
        user.change_email(EmailAddress(f"a{number}@example.com"), at=at)
        versions.append(user.updated_at)
    assert all(later > earlier for earlier, later in pairwise(versions))
    assert user.created_at == NOON
