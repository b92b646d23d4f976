"""What clients may send about users, and how a user is shown."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from application.users.ports import UserFilter, UserSort, UserView
from domain.users.email_address import EmailAddress
from domain.users.user_name import UserName
from entrypoints.http.v1.users.schemas import (
    CreateUserBody,
    CreateUsersBody,
    ListUsersParameters,
    UpdateUserBody,
    UserPageBody,
    present_user,
)
from foundation.http.requests.lists import Listing
from foundation.kernel.pagination import Page
from foundation.kernel.unset import UNSET
from foundation.testing.clocks import NOON

ADA = {"email": "ada@example.com", "name": "Ada Lovelace"}


def refusals(model: type[BaseModel], value: object) -> set[tuple[str, str]]:
    """The refused fields, each with the code that says why."""
    with pytest.raises(ValidationError) as refused:
        model.model_validate(value)
    return {(".".join(map(str, error["loc"])), error["type"]) for error in refused.value.errors()}


def written(page: Page[UserView]) -> Any:
    """The page as clients get it."""
    asked = Listing(UserFilter(), UserSort.ID, 50, None, page.total is not None, Request({"type": "http"}))
    return json.loads(bytes(asked.response(page, present_user).body))


def test_a_new_user_is_read_as_values_of_the_domain() -> None:
    body = CreateUserBody.model_validate({"email": " ADA@example.com", "name": "Ada Lovelace "})
    assert (body.email, body.name) == (EmailAddress("ada@example.com"), UserName("Ada Lovelace"))


@pytest.mark.parametrize("value", [1, 1.5, True, None, [], {}, ["ada@example.com"]])
def test_texts_must_be_texts(value: object) -> None:
    assert refusals(CreateUserBody, {"email": value, "name": value}) == {
        ("email", "not-a-string"),
        ("name", "not-a-string"),
    }


def test_every_refused_field_is_named_with_the_code_of_the_domain() -> None:
    assert refusals(CreateUserBody, {"email": "ada", "name": ""}) == {
        ("email", "invalid-email-address"),
        ("name", "invalid-user-name"),
    }
    assert refusals(CreateUserBody, {}) == {("email", "missing"), ("name", "missing")}


@pytest.mark.parametrize("field", ["id", "created_at", "updated_at", "nickname"])
def test_unknown_and_read_only_fields_are_refused(field: str) -> None:
    assert refusals(CreateUserBody, {**ADA, field: "1"}) == {(field, "extra_forbidden")}
    assert refusals(UpdateUserBody, {field: "1"}) == {(field, "extra_forbidden")}


def test_the_message_of_the_domain_arrives_as_it_is() -> None:
    with pytest.raises(ValidationError, match=r"letters, digits and !#\$%&'\*\+/=\?\^_`{\|}~-, with single dots"):
        CreateUserBody.model_validate({**ADA, "email": "a..b@example.com"})


def test_a_patch_without_a_field_leaves_it_alone() -> None:
    patch = UpdateUserBody.model_validate({"name": "Ada"})
    assert (patch.email, patch.name) == (UNSET, UserName("Ada"))
    patch = UpdateUserBody.model_validate({})
    assert (patch.email, patch.name) == (UNSET, UNSET)


def test_a_patch_cannot_take_a_field_away() -> None:
    assert refusals(UpdateUserBody, {"email": None, "name": None}) == {
        ("email", "not-a-string"),
        ("name", "not-a-string"),
    }


def test_a_list_without_parameters_has_the_defaults() -> None:
    wanted = ListUsersParameters.model_validate({})
    assert (wanted.limit, wanted.sort, wanted.cursor, UserFilter(**wanted.filters())) == (
        50,
        UserSort.ID,
        None,
        UserFilter(),
    )


def test_the_parameters_of_a_list_become_its_filter() -> None:
    wanted = ListUsersParameters.model_validate(
        {
            "limit": "100",
            "sort": "-updated_at",
            "email": "ADA@example.com",
            "created_after": "2025-12-16T12:00:00Z",
            "created_before": "2025-12-16T13:00:00Z",
        }
    )
    assert (wanted.limit, wanted.sort) == (100, UserSort.UPDATED_AT_DESCENDING)
    assert UserFilter(**wanted.filters()) == UserFilter(
        EmailAddress("ada@example.com"), NOON, NOON + timedelta(hours=1)
    )


@pytest.mark.parametrize("limit", ["0", "101", "-1", "+1", "01", "1.0", "1e1", " 1", "1_0", "", "ten", "٣", "9" * 1000])
def test_a_limit_is_a_plain_number_from_1_to_100(limit: str) -> None:
    assert refusals(ListUsersParameters, {"limit": limit}) == {("limit", "limit-out-of-range")}


@pytest.mark.parametrize("sort", ["", "name", "ID", "+id", "--id", "id,created_at"])
def test_a_sort_is_one_of_those_that_there_are(sort: str) -> None:
    assert refusals(ListUsersParameters, {"sort": sort}) == {("sort", "unknown-sort")}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-12-16T12:00:00Z", NOON),
        ("2025-12-16t12:00:00z", NOON),
        ("2025-12-16T12:00:00.000000Z", NOON),
        ("2025-12-16T12:00:00+00:00", NOON),
        ("2025-12-16T12:00:00-00:00", NOON),
        ("2025-12-16T17:45:00+05:45", NOON),
        ("2025-12-15T12:01:00-23:59", NOON),
        ("2025-12-16T12:00:00.1Z", NOON + timedelta(milliseconds=100)),
        ("2025-12-16T12:00:00.000001Z", NOON + timedelta(microseconds=1)),
        ("0001-01-01T00:00:00Z", datetime.min.replace(tzinfo=UTC)),
        ("0001-01-01T01:00:00+01:00", datetime.min.replace(tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime.max.replace(tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_time_with_a_zone_is_brought_to_utc(text: str, moment: datetime) -> None:
    read = ListUsersParameters.model_validate({"created_after": text}).created_after
    assert read == moment
    assert read is not None
    assert read.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1765886400",
        "2025-12-16",
        "2025-12-16T12:00:00",
        "2025-12-16 12:00:00Z",
        "2025-12-16T12:00Z",
        "20251216T120000Z",
        "2025-W51-2T12:00:00Z",
        "2025-12-16T12:00:00.Z",
        "2025-12-16T12:00:00,5Z",
        "2025-12-16T12:00:00.1234567Z",
        "2025-12-16T12:00:60Z",
        "2016-12-31T23:59:60Z",
        "2025-12-16T24:00:00Z",
        "2025-12-16T12:60:00Z",
        "2025-13-16T12:00:00Z",
        "2025-02-29T12:00:00Z",
        "2025-12-16T12:00:00+24:00",
        "2025-12-16T12:00:00+05:60",
        "2025-12-16T12:00:00+0500",
        "2025-12-16T12:00:00+05",
        "2025-12-16T12:00:00 05:00",  # a + that was not escaped in a URL
        "2025-12-16T12:00:00+05:00:30",
        "2025-12-16T12:00:00Z\n",
        " 2025-12-16T12:00:00Z",
        "2025-12-16T12:00:00ZZ",
        "٢٠٢٥-12-16T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "-2025-12-16T12:00:00Z",
        "12025-12-16T12:00:00Z",
    ],
)
def test_any_other_text_is_no_time(text: str) -> None:
    parameters = {"created_after": text, "created_before": text}
    assert refusals(ListUsersParameters, parameters) == {
        ("created_after", "invalid-time"),
        ("created_before", "invalid-time"),
    }


def test_a_user_is_shown_with_times_in_utc_and_six_digits() -> None:
    ada = UserView(1, "ada@example.com", "Ada", NOON, NOON + timedelta(microseconds=10))
    shown = written(Page((ada,), None))
    assert shown == {
        "items": [
            {
                "id": 1,
                "email": "ada@example.com",
                "name": "Ada",
                "created_at": "2025-12-16T12:00:00.000000Z",
                "updated_at": "2025-12-16T12:00:00.000010Z",
            }
        ],
        "next_cursor": None,
    }
    assert UserPageBody.model_validate(shown).model_dump(exclude_unset=True) == shown
    counted = written(Page((ada,), None, total=7))
    assert counted == {**shown, "total": 7}
    assert UserPageBody.model_validate(counted).model_dump() == counted


def test_a_batch_is_read_in_its_order() -> None:
    items = [{"email": f"{letter}@example.com", "name": letter} for letter in "cab"]
    read = CreateUsersBody.model_validate({"items": items}).items
    assert [(one.email, one.name) for one in read] == [
        (EmailAddress(item["email"]), UserName(item["name"])) for item in items
    ]


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([], "batch-size-out-of-range"),
        ([ADA] * 101, "batch-size-out-of-range"),
        (ADA, "not-an-array"),
        (None, "not-an-array"),
    ],
)
def test_a_batch_is_an_array_of_1_to_100(items: object, code: str) -> None:
    assert refusals(CreateUsersBody, {"items": items}) == {("items", code)}


def test_every_refused_value_of_a_batch_is_named_with_its_place() -> None:
    items = [ADA, {**ADA, "email": "ada"}, {"name": "", "nick": "a"}, []]
    assert refusals(CreateUsersBody, {"items": items, "more": 1}) == {
        ("items.1.email", "invalid-email-address"),
        ("items.2.email", "missing"),
        ("items.2.name", "invalid-user-name"),
        ("items.2.nick", "extra_forbidden"),
        ("items.3", "model_type"),
        ("more", "extra_forbidden"),
    }
