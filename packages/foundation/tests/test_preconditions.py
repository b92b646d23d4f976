"""Entity tags and the preconditions made of them."""

from collections.abc import Container
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.http.requests.entity_tags import check_match, entity_tag, expected_versions, matches_any
from foundation.kernel.integer_id import MAX_ID
from foundation.testing.clocks import MICROSECOND, NOON


class Thing(NamedTuple):
    id: int = 7
    updated_at: datetime = NOON


TAG = entity_tag(Thing())
LATER_TAG = entity_tag(Thing(updated_at=NOON + MICROSECOND))


def request(name: str, *values: str) -> Request:
    headers = [(name.lower().encode(), value.encode("latin-1")) for value in values]
    return Request({"type": "http", "method": "PATCH", "path": "/", "headers": headers})


def expected(*if_match: str, number: int = 7) -> Container[datetime] | None:
    return expected_versions(request("If-Match", *if_match), number, required=False)


@settings(max_examples=50)
@given(st.integers(1, MAX_ID), st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 -- zone beside
def test_the_tag_of_a_thing_names_its_version(number: int, updated_at: datetime) -> None:
    tag = entity_tag(Thing(number, updated_at))
    assert expected(tag, number=number) == frozenset({updated_at})
    assert matches_any(request("If-None-Match", tag), Thing(number, updated_at))


def test_a_tag_is_strong_and_changes_with_the_thing_and_with_the_version() -> None:
    assert len({TAG, LATER_TAG, entity_tag(Thing(8))}) == 3
    assert TAG[0] == TAG[-1] == '"'


class TestIfNoneMatchOfAWriter:
    def admitted(self, *headers: tuple[str, str]) -> list[bool]:
        """Whether the preconditions admit this version, and the later one."""
        raw = [(name.lower().encode(), value.encode()) for name, value in headers]
        one = Request({"type": "http", "method": "PATCH", "path": "/", "headers": raw})
        versions = expected_versions(one, 7, required=False)
        return [versions is None or version in versions for version in (NOON, NOON + MICROSECOND)]

    def test_refuses_the_version_that_it_names_also_by_a_weak_tag(self) -> None:
        assert self.admitted(("If-None-Match", TAG)) == [False, True]
        assert self.admitted(("If-None-Match", f"W/{TAG}")) == [False, True]
        assert self.admitted(("If-None-Match", '"another"')) == [True, True]

    def test_a_star_refuses_every_version(self) -> None:
        assert self.admitted(("If-None-Match", "*")) == [False, False]
        assert self.admitted(("If-None-Match", "*"), ("If-Match", TAG)) == [False, False]

    def test_counts_beside_if_match(self) -> None:
        both = ("If-Match", f"{TAG}, {LATER_TAG}")
        assert self.admitted(both, ("If-None-Match", TAG)) == [False, True]


class TestIfMatchOfAReader:
    @pytest.mark.parametrize("admitted", [(), ("*",), (TAG,), (f"{LATER_TAG}, {TAG}",)])
    def test_admits_the_version_that_it_names(self, admitted: tuple[str, ...]) -> None:
        check_match(request("If-Match", *admitted), Thing())

    @pytest.mark.parametrize("refused", [LATER_TAG, f"W/{TAG}", ""])
    def test_another_version_is_a_problem(self, refused: str) -> None:
        with pytest.raises(Problem) as problem:
            check_match(request("If-Match", refused), Thing())
        assert problem.value.kind is kinds.PRECONDITION_FAILED


class TestIfMatch:
    def test_missing_expects_nothing(self) -> None:
        assert expected() is None

    def test_missing_where_it_is_required_is_a_problem(self) -> None:
        with pytest.raises(Problem) as problem:
            expected_versions(request("Accept", "*/*"), 7, required=True)
        assert problem.value.kind is kinds.PRECONDITION_REQUIRED

    def test_present_where_it_is_required_is_read(self) -> None:
        assert expected_versions(request("If-Match", TAG), 7, required=True) == frozenset({NOON})

    @pytest.mark.parametrize("star", ["*", " * "])
    def test_a_star_admits_every_version(self, star: str) -> None:
        assert expected(star) is None

    @pytest.mark.parametrize(
        "values",
        [
            (f"{TAG},{LATER_TAG}",),
            (f"{TAG} , {LATER_TAG}",),
            (f'"else", W/"weak", {TAG},\t{LATER_TAG} ',),
            (TAG, LATER_TAG),
            (f'{TAG}, "a,b"', LATER_TAG),
            (f",{TAG}, ,", "", f"{LATER_TAG},"),  # RFC 9110, 5.6.1.2: empty elements are ignored
        ],
    )
    def test_every_tag_of_a_list_counts_also_over_several_lines(self, values: tuple[str, ...]) -> None:
        assert expected(*values) == frozenset({NOON, NOON + MICROSECOND})

    @pytest.mark.parametrize(
        "tag",
        [
            entity_tag(Thing(8)),
            '""',
            '"anything"',
            '"7"',
            '"7-"',
            '"7-g"',
            '"7--1"',
            '"7-fffffffffffffff"',  # a moment beyond the calendar
            TAG.replace('"', '"0', 1),
            TAG.replace("-", "-0"),
            f'"7-{"f" * 200}"',
            f'"{"f" * 5000}-1"',
            TAG.upper(),
            '"\xe9\xff"',
            "",
        ],
    )
    def test_a_tag_that_was_never_given_for_the_thing_names_no_version(self, tag: str) -> None:
        assert expected(tag) == frozenset()

    def test_weak_tags_alone_are_told_that_they_never_match(self) -> None:
        with pytest.raises(Problem) as problem:
            expected(f"W/{TAG}, W/{LATER_TAG}")
        assert (problem.value.kind, "without W/" in str(problem.value.detail)) == (kinds.PRECONDITION_FAILED, True)
        assert expected(f"W/{TAG}, {LATER_TAG}") == frozenset({NOON + MICROSECOND})

    @pytest.mark.parametrize(
        "garbage",
        [
            TAG.strip('"'),
            TAG[:-1],
            TAG[1:],
            f"w/{TAG}",
            f"W/ {TAG}",
            f"{TAG} {LATER_TAG}",
            f"{TAG};{LATER_TAG}",
            f"{TAG}, garbage",
            f"*, {TAG}",
            f"{TAG}, *",
            '"a b"',
            '"a\tb"',
            "'7-1'",
            "W/",
            '"',
            '"' * 9_999,
        ],
    )
    def test_what_is_no_list_of_tags_is_malformed(self, garbage: str) -> None:
        with pytest.raises(Problem) as problem:
            expected(garbage)
        assert problem.value.kind is kinds.MALFORMED_REQUEST
        assert garbage not in str(problem.value.detail)


class TestIfNoneMatch:
    @pytest.mark.parametrize("value", ["*", TAG, f"W/{TAG}", f'"else", {TAG}', f'W/"else" ,{TAG}'])
    def test_names_the_version_the_client_has(self, value: str) -> None:
        assert matches_any(request("If-None-Match", value), Thing())

    @pytest.mark.parametrize("value", ["", LATER_TAG, f"W/{LATER_TAG}", '"else"', entity_tag(Thing(8))])
    def test_names_another_version(self, value: str) -> None:
        assert not matches_any(request("If-None-Match", value), Thing())

    def test_missing_names_no_version(self) -> None:
        assert not matches_any(request("Accept", "*/*"), Thing())

    @pytest.mark.parametrize("garbage", [TAG.strip('"'), f"{TAG} {TAG}", "*, *"])
    def test_what_is_no_list_of_tags_is_malformed(self, garbage: str) -> None:
        with pytest.raises(Problem) as problem:
            matches_any(request("If-None-Match", garbage), Thing())
        assert problem.value.kind is kinds.MALFORMED_REQUEST


def test_a_long_run_of_blanks_is_read_in_no_time() -> None:
    """In time that grows with its square, this would take minutes and keep every other request waiting."""
    with pytest.raises(Problem):
        expected('"a",' + " " * 200_000 + "x")
