"""The schemas of values admit all that the service takes, and beyond it nothing but what their descriptions refuse."""

import unicodedata
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from pydantic import ValidationError

from domain.users.email_address import MAX_ADDRESS_LENGTH, MAX_LOCAL_PART_LENGTH, SPECIAL_USE
from domain.users.user_name import MAX_NAME_LENGTH
from entrypoints.http.v1.users.schemas import CreateUserBody, ListUsersParameters
from entrypoints.http.v1.users.value_schemas import (
    KEPT_EMAIL,
    KEPT_NAME,
    SENT_EMAIL,
    SENT_NAME,
)
from foundation.http.schemas.values import MAX_TEXT_LENGTH, SENT_TIME

WORDS = st.text("aB0.+-!", max_size=70)
ADDRESSES = st.one_of(
    st.text("aZ09.-@ \t\n+xntsearp", max_size=40),
    st.tuples(WORDS, st.lists(st.text("aB0-", max_size=65), max_size=6).map(".".join)).map("@".join),
    st.sampled_from(["arpa", "Invalid", "LOCAL", "localhost", "onion", "test", "testx", "xtest"]).map("a@b.{}".format),
)
NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=60),
    st.text(" \t\x1c\x85A\u200b\u0301\u202e\u2028\u2800\u3164\U000e0001", max_size=12),
    st.integers(195, 205).map("A".__mul__),
)
TIMES = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.from_regex(r"\A[0-2]\d{3}-[01]\d-[0-2]\d[Tt ][0-2]\d:[0-6]\d:[0-6]\d(\.\d{1,7})?([Zz]|[+-][0-2]\d:[0-6]\d)?\Z"),
)


def admits(schema: dict[str, Any], text: str) -> bool:
    return Draft202012Validator(schema, validate_formats=True).is_valid(text)


def taken(**values: str) -> CreateUserBody | None:
    """The body as the service reads it; None when it refuses it."""
    try:
        return CreateUserBody.model_validate({"email": "a@example.com", "name": "A"} | values)
    except ValidationError:
        return None


@settings(max_examples=150)
@given(ADDRESSES)
@example("a" * 64 + "@b.co")
@example("a" * 65 + "@b.co")
@example("a@" + ("b" * 63 + ".") * 3 + "b" * 56 + ".co")
@example("a@" + ("b" * 63 + ".") * 3 + "b" * 57 + ".co")
@example("a@" + ("b" * 63 + ".") * 3 + "b" * 58 + ".co")
@example("a@" + "b" * 64 + ".co")
@example("a@xn--a.co")
@example("a@b.co" + " " * (MAX_TEXT_LENGTH - 6))
@example("a@b.co" + " " * (MAX_TEXT_LENGTH - 5))
def test_an_address_is_taken_when_it_is_admitted_and_the_description_does_not_refuse_it(text: str) -> None:
    body = taken(email=text)
    if body is not None:
        assert admits(SENT_EMAIL, text)
        assert admits(KEPT_EMAIL, body.email.value)
    elif admits(SENT_EMAIL, text):
        address = text.strip(" \t\r\n").lower()
        local_part, _, domain = address.partition("@")
        receives_no_mail = domain.rpartition(".")[2] in SPECIAL_USE
        assert len(address) > MAX_ADDRESS_LENGTH or len(local_part) > MAX_LOCAL_PART_LENGTH or receives_no_mail


@settings(max_examples=150)
@given(NAMES)
@example(" " + "A" * 200 + "\n")
@example("A" + " " * (MAX_TEXT_LENGTH - 1))
@example("A" + " " * MAX_TEXT_LENGTH)
@example("\u200b")
@example("\u200bA")
@example("\u2003\t\u2003A\u2003\t")
@example("\u1f82" * 200)
@example("A\tA")
@example("\x1c\x85\xa0 ")
def test_a_name_is_taken_when_it_is_admitted_and_short_and_in_latin_1(text: str) -> None:
    for form in ("NFC", "NFD"):
        sent = unicodedata.normalize(form, text)
        body = taken(name=sent)
        if body is not None:
            assert admits(SENT_NAME, sent)
            assert admits(KEPT_NAME, body.name.value)
        elif admits(SENT_NAME, sent):
            # Of Latin-1 the soft hyphen alone is nothing to see.
            beyond = any(character > "\xff" or character == "\xad" for character in sent)
            assert beyond or len(sent.strip()) > MAX_NAME_LENGTH


@settings(max_examples=150)
@given(TIMES)
@example("2025-12-16T23:59:59.123456+23:59")
@example("2025-12-16T23:59:60Z")
@example("0000-01-01T00:00:00Z")
@example("2025-12-16T10:00:00")
def test_a_time_is_taken_when_it_is_admitted_and_there_is_such_a_day(text: str) -> None:
    try:
        ListUsersParameters.model_validate({"created_after": text})
    except ValidationError:
        # The thirty-first of a month that has none, and what is outside the calendar in UTC, are beyond a pattern.
        no_such_day = text[5:10] in {"02-29", "02-30", "02-31", "04-31", "06-31", "09-31", "11-31"}
        assert no_such_day or text[:4] in {"0001", "9999"} or not admits(SENT_TIME, text)
    else:
        assert admits(SENT_TIME, text)


@pytest.mark.parametrize("value", [None, 1, True, [], {}])
def test_a_value_that_is_no_text_is_neither_admitted_nor_taken(value: object) -> None:
    for name, schema in (("email", SENT_EMAIL), ("name", SENT_NAME)):
        assert not admits(schema, value)  # type: ignore[arg-type]
        assert taken(**{name: value}) is None  # type: ignore[arg-type]
