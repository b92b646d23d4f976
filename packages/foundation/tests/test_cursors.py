"""Page cursors."""

import hmac
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.http.requests.cursors import CursorCodec, InvalidCursor
from foundation.http.schemas.values import CURSOR
from foundation.kernel.integer_id import MAX_ID
from foundation.kernel.pagination import Position
from foundation.kernel.queries import SortOrder
from foundation.kernel.value_object import ValueObject
from foundation.testing.clocks import MICROSECOND, NOON


class Word(ValueObject[str]): ...


class ThingSort(SortOrder):
    ID = "id"
    CREATED_AT = "created_at"
    NEWEST_FIRST = "-created_at"
    UPDATED_AT = "updated_at"


@dataclass(frozen=True, slots=True)
class ThingFilter:
    word: Word | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


KEY = b"k" * 32
EVERYTHING = ThingFilter()
POSITION = Position(NOON + MICROSECOND, 7)
WORD = Word("ada")

moments = st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)))
filters = st.builds(ThingFilter, st.sampled_from([None, WORD]), moments, moments)
positions = st.builds(
    Position,
    st.one_of(st.integers(1, MAX_ID), st.datetimes(timezones=st.just(UTC))),
    st.integers(1, MAX_ID),
)


@pytest.fixture
def codec() -> CursorCodec:
    return CursorCodec(KEY)


@pytest.fixture
def cursor(codec: CursorCodec) -> str:
    return codec.encode(POSITION, ThingSort.CREATED_AT, EVERYTHING)


@settings(max_examples=50)
@given(position=positions, sort=st.sampled_from(ThingSort), where=filters)
def test_a_position_comes_back_from_its_cursor(position: Position, sort: ThingSort, where: ThingFilter) -> None:
    cursor = CursorCodec(KEY).encode(position, sort, where)
    assert CursorCodec(KEY).decode(cursor, sort, where) == position


def test_a_cursor_needs_no_escaping_in_a_url(codec: CursorCodec) -> None:
    cursors = [codec.encode(Position(NOON, number), ThingSort.CREATED_AT, EVERYTHING) for number in range(1, 200)]
    assert all(
        set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") for cursor in cursors
    )


def test_another_key_refuses_it(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        CursorCodec(b"K" * 32).decode(cursor, ThingSort.CREATED_AT, EVERYTHING)


@pytest.mark.parametrize("sort", sorted(set(ThingSort) - {ThingSort.CREATED_AT}))
def test_another_sort_refuses_it(codec: CursorCodec, cursor: str, sort: ThingSort) -> None:
    with pytest.raises(InvalidCursor):
        codec.decode(cursor, sort, EVERYTHING)


@pytest.mark.parametrize(
    "where",
    [
        ThingFilter(word=WORD),
        ThingFilter(created_after=NOON),
        ThingFilter(created_before=NOON),
        ThingFilter(created_after=NOON + MICROSECOND),
    ],
)
def test_another_filter_refuses_it(codec: CursorCodec, where: ThingFilter) -> None:
    cursor = codec.encode(POSITION, ThingSort.ID, ThingFilter(created_after=NOON, word=WORD))
    with pytest.raises(InvalidCursor):
        codec.decode(cursor, ThingSort.ID, where)


def test_no_character_of_it_can_be_changed(codec: CursorCodec, cursor: str) -> None:
    for place, character in enumerate(cursor):
        forged = cursor[:place] + ("A" if character != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(InvalidCursor):
            codec.decode(forged, ThingSort.CREATED_AT, EVERYTHING)


def test_it_cannot_be_truncated(codec: CursorCodec, cursor: str) -> None:
    for length in range(len(cursor)):
        with pytest.raises(InvalidCursor):
            codec.decode(cursor[:length], ThingSort.CREATED_AT, EVERYTHING)


@pytest.mark.parametrize("extra", ["=", "==", "A", "AAAA", "!", "\n", " ", ".", "+", "/", "\x00", "é", "\ud800"])
def test_it_cannot_be_extended(codec: CursorCodec, cursor: str, extra: str) -> None:
    for text in (cursor + extra, extra + cursor, cursor[:8] + extra + cursor[8:]):
        with pytest.raises(InvalidCursor):
            codec.decode(text, ThingSort.CREATED_AT, EVERYTHING)


def test_a_payload_of_ones_own_needs_the_signature(codec: CursorCodec, cursor: str) -> None:
    content = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    forged = content[:16] + content[16:].replace(b"7]", b"8]")
    assert forged != content
    with pytest.raises(InvalidCursor):
        codec.decode(urlsafe_b64encode(forged).decode().rstrip("="), ThingSort.CREATED_AT, EVERYTHING)


@pytest.mark.parametrize("payload", [[1], [3], [0, "id", "", 1, 1], [3, "id", {}, [1], 1, 1]])
def test_one_of_another_version_is_refused(codec: CursorCodec, payload: list[object]) -> None:
    content = json.dumps(payload).encode()
    cursor = urlsafe_b64encode(hmac.digest(KEY, content, "sha256")[:16] + content).decode().rstrip("=")
    with pytest.raises(InvalidCursor):
        codec.decode(cursor, ThingSort.ID, EVERYTHING)


@settings(max_examples=50)
@given(st.text("AZaz09-_=+/ \n\x00é", max_size=60))
def test_no_other_text_is_a_cursor(text: str) -> None:
    with pytest.raises(InvalidCursor):
        CursorCodec(KEY).decode(text, ThingSort.ID, EVERYTHING)


def test_a_time_keeps_its_microseconds(codec: CursorCodec) -> None:
    position = Position(datetime(2025, 12, 16, 12, 0, 0, 1, tzinfo=UTC), 1)
    cursor = codec.encode(position, ThingSort.UPDATED_AT, EVERYTHING)
    assert codec.decode(cursor, ThingSort.UPDATED_AT, EVERYTHING) == position


def test_the_shortest_cursor_has_the_form_that_the_document_promises() -> None:
    assert re.fullmatch(CURSOR["pattern"], CursorCodec(KEY).encode(Position(1, 1), ThingSort.ID, EVERYTHING))
