"""Entities."""

from foundation.kernel.entity import Entity


class Ship(Entity[int]):
    pass


class Port(Entity[int]):
    pass


def ship(number: int) -> Ship:
    entity = Ship()
    entity.id = number
    return entity


def test_two_with_one_id_are_the_same() -> None:
    assert ship(1) == ship(1)
    assert ship(1) != ship(2)


def test_one_id_of_two_kinds_is_not_the_same() -> None:
    port = Port()
    port.id = 1
    assert ship(1) != port


def test_without_an_id_it_equals_only_itself() -> None:
    new = Ship()
    assert new == new  # noqa: PLR0124 -- that is the question
    assert new != Ship()
    assert new != ship(1)
    assert ship(1) != new


def test_it_equals_nothing_that_is_no_entity() -> None:
    assert ship(1) != 1
    assert ship(1) != object()


def test_it_is_still_found_in_a_set_after_the_storage_gave_it_an_id() -> None:
    new = Ship()
    fleet = {new}
    new.id = 1
    assert new in fleet
    assert ship(1) in fleet
