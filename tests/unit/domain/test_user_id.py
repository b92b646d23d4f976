"""Ids of users."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.users.user_id import UserId
from foundation.kernel.integer_id import MAX_ID, InvalidId


@pytest.mark.parametrize("number", [1, 2, 2_147_483_647])
def test_a_positive_32_bit_number_is_an_id(number: int) -> None:
    assert UserId(number).value == number


@pytest.mark.parametrize("number", [0, -1, -(2**31), 2_147_483_648, 2**63, 10**30])
def test_any_other_number_is_refused(number: int) -> None:
    with pytest.raises(InvalidId, match="from 1 to 2147483647"):
        UserId(number)


@settings(max_examples=30)
@given(st.integers(1, MAX_ID), st.integers(1, MAX_ID))
def test_ids_are_equal_and_ordered_as_their_numbers_are(one: int, other: int) -> None:
    assert (UserId(one) == UserId(other)) == (one == other)
    assert (UserId(one) < UserId(other)) == (one < other)
    assert len({UserId(one), UserId(other)}) == len({one, other})
