"""Letting in only so many at once."""

import pytest

from foundation.http.edge.concurrency_limit import Admission
from foundation.kernel.errors import StorageOverloaded


def test_as_many_as_there_are_places_are_let_in_and_no_more() -> None:
    admission = Admission(2)
    with admission.admitted(), admission.admitted(), pytest.raises(StorageOverloaded), admission.admitted():
        pytest.fail("a third one was let in")


def test_a_place_is_free_again_however_it_was_left() -> None:
    admission = Admission(1)
    with pytest.raises(ZeroDivisionError), admission.admitted():
        raise ZeroDivisionError
    with admission.admitted():
        pass
    with admission.admitted():
        pass
