"""Page cursors."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.users.ports import UserFilter, UserSort
from domain.users.email_address import EmailAddress
from domain.users.user_id import LARGEST_USER_ID
from foundation.http.requests.cursors import CursorCodec, InvalidCursor
from foundation.kernel.pagination import Position
from foundation.testing.clocks import MICROSECOND, NOON

KEY = b"k" * 32
EVERYBODY = UserFilter()
POSITION = Position(NOON + MICROSECOND, 7)
ADDRESS = EmailAddress("ada@example.com")

moments = st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)))
filters = st.builds(UserFilter, st.sampled_from([None, ADDRESS]), moments, moments)
positions = st.builds(
    Position,
    st.one_of(st.integers(1, LARGEST_USER_ID), st.datetimes(timezones=st.just(UTC))),
    st.integers(1, LARGEST_USER_ID),
)


@pytest.fixture
def codec() -> CursorCodec:
    return CursorCodec(KEY)


@pytest.fixture
def cursor(codec: CursorCodec) -> str:
    return codec.encode(POSITION, UserSort.CREATED_AT, EVERYBODY)


@settings(max_examples=50)
@given(position=positions, sort=st.sampled_from(UserSort), where=filters)
def test_a_position_comes_back_from_its_cursor(position: Position, sort: UserSort, where: UserFilter) -> None:
    cursor = CursorCodec(KEY).encode(position, sort, where)
    assert CursorCodec(KEY).decode(cursor, sort, where) == position


def test_a_cursor_needs_no_escaping_in_a_url(codec: CursorCodec) -> None:
    cursors = [codec.encode(Position(NOON, number), UserSort.CREATED_AT, EVERYBODY) for number in range(1, 200)]
    assert all(
        set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") for cursor in cursors
    )


def test_another_key_refuses_it(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        CursorCodec(b"K" * 32).decode(cursor, UserSort.CREATED_AT, EVERYBODY)


@pytest.mark.parametrize("sort", sorted(set(UserSort) - {UserSort.CREATED_AT}))
def test_another_sort_refuses_it(codec: CursorCodec, cursor: str, sort: UserSort) -> None:
    with pytest.raises(InvalidCursor):
        codec.decode(cursor, sort, EVERYBODY)


@pytest.mark.parametrize(
    "where",
    [
        UserFilter(email=ADDRESS),
        UserFilter(created_after=NOON),
        UserFilter(created_before=NOON),
        UserFilter(created_after=NOON + MICROSECOND),
    ],
)
def test_another_filter_refuses_it(codec: CursorCodec, where: UserFilter) -> None:
    cursor = codec.encode(POSITION, UserSort.ID, UserFilter(created_after=NOON, email=ADDRESS))
    with pytest.raises(InvalidCursor):
        codec.decode(cursor, UserSort.ID, where)


def test_no_character_of_it_can_be_changed(codec: CursorCodec, cursor: str) -> None:
    for place, character in enumerate(cursor):
        forged = cursor[:place] + ("A" if character != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(InvalidCursor):
            codec.decode(forged, UserSort.CREATED_AT, EVERYBODY)


def test_it_cannot_be_truncated(codec: CursorCodec, cursor: str) -> None:
    for length in range(len(cursor)):
        with pytest.raises(InvalidCursor):
            codec.decode(cursor[:length], UserSort.CREATED_AT, EVERYBODY)


@pytest.mark.parametrize("extra", ["=", "==", "A", "AAAA", "!", "\n", " ", ".", "+", "/", "\x00", "é", "\ud800"])
def test_it_cannot_be_extended(codec: CursorCodec, cursor: str, extra: str) -> None:
    for text in (cursor + extra, extra + cursor, cursor[:8] + extra + cursor[8:]):
        with pytest.raises(InvalidCursor):
            codec.decode(text, UserSort.CREATED_AT, EVERYBODY)


def test_a_payload_of_ones_own_needs_the_signature(codec: CursorCodec, cursor: str) -> None:
    content = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    forged = content[:16] + content[16:].replace(b"7]", b"8]")
    assert forged != content
    with pytest.raises(InvalidCursor):
        codec.decode(urlsafe_b64encode(forged).decode().rstrip("="), UserSort.CREATED_AT, EVERYBODY)


@pytest.mark.parametrize("payload", [[1], [3], [0, "id", "", 1, 1], [3, "id", {}, [1], 1, 1]])
def test_one_of_another_version_is_refused(codec: CursorCodec, payload: list[object]) -> None:
    content = json.dumps(payload).encode()
    cursor = urlsafe_b64encode(hmac.digest(KEY, content, "sha256")[:16] + content).decode().rstrip("=")
    with pytest.raises(InvalidCursor):
        codec.decode(cursor, UserSort.ID, EVERYBODY)


@settings(max_examples=50)
@given(st.text("AZaz09-_=+/ \n\x00é", max_size=60))
def test_no_other_text_is_a_cursor(text: str) -> None:
    with pytest.raises(InvalidCursor):
        CursorCodec(KEY).decode(text, UserSort.ID, EVERYBODY)


def test_a_time_keeps_its_microseconds(codec: CursorCodec) -> None:
    position = Position(datetime(2025, 12, 16, 12, 0, 0, 1, tzinfo=UTC), 1)
    cursor = codec.encode(position, UserSort.UPDATED_AT, EVERYBODY)
    assert codec.decode(cursor, UserSort.UPDATED_AT, EVERYBODY) == position
