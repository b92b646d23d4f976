"""A bound on how much is done at the same time."""

import pytest

from foundation.http.edge.concurrency_limit import ConcurrencyLimit
from foundation.kernel.errors import StorageOverloaded


def test_there_are_as_many_slots_as_were_asked_for_and_no_more() -> None:
    limit = ConcurrencyLimit(2)
    with limit.slot(), limit.slot(), pytest.raises(StorageOverloaded), limit.slot():
        pytest.fail("there was a third slot")


def test_a_slot_is_free_again_however_it_was_left() -> None:
    limit = ConcurrencyLimit(1)
    with pytest.raises(ZeroDivisionError), limit.slot():
        raise ZeroDivisionError
    with limit.slot():
        pass
    with limit.slot():
        pass
