"""What clients are told of their limits: the headers of answers, and the problem of a request that is refused."""

import json
import re
from typing import Any, Final

import pytest
from starlette.requests import Request

from foundation.http.access.limits import limits_of
from foundation.http.openapi.headers import HEADER_COMPONENTS, RATE_LIMITS
from foundation.http.problems.kinds import GENERAL_KINDS, OVERLOADED, RATE_LIMITED
from foundation.http.problems.problem import Problem, problem_response
from foundation.http.requests.rate_limits import QuotaPolicy, rate_limit_headers, rate_limited, whole_seconds
from foundation.kernel.rate_limit import RateLimit, Taken

DEFAULT: Final = QuotaPolicy("default", RateLimit(100, 60))
BY_ADDRESS: Final = QuotaPolicy("by-address", RateLimit(1000, 3600))

ALLOWED: Final = Taken(allowed=True, remaining=57, retry_after=0, reset=25.2)
REFUSED: Final = Taken(allowed=False, remaining=0, retry_after=0.6, reset=60)


def answer(problem: Problem) -> Any:
    return problem_response(Request({"type": "http", "state": {"request_id": "the-id"}}), problem)


def test_an_answer_says_what_is_left_of_the_limit() -> None:
    assert rate_limit_headers({DEFAULT: ALLOWED}) == {
        "RateLimit-Policy": '"default";q=100;w=60',
        "RateLimit": '"default";r=57;t=26',
    }


def test_an_answer_says_so_of_each_limit() -> None:
    taken = {DEFAULT: ALLOWED, BY_ADDRESS: Taken(allowed=True, remaining=0, retry_after=0, reset=3600)}
    assert rate_limit_headers(taken) == {
        "RateLimit-Policy": '"default";q=100;w=60, "by-address";q=1000;w=3600',
        "RateLimit": '"default";r=57;t=26, "by-address";r=0;t=3600',
    }


def test_an_answer_without_limits_says_nothing() -> None:
    assert rate_limit_headers({}) == {}


def test_the_names_of_headers_are_in_lower_case_as_asgi_has_them() -> None:
    assert limits_of({DEFAULT: ALLOWED}) == [
        (b"ratelimit-policy", b'"default";q=100;w=60'),
        (b"ratelimit", b'"default";r=57;t=26'),
    ]


def test_what_is_refused_is_told_when_to_come_back() -> None:
    problem = rate_limited({DEFAULT: REFUSED, BY_ADDRESS: ALLOWED})
    assert problem.kind is RATE_LIMITED
    assert problem.headers == {
        "RateLimit-Policy": '"default";q=100;w=60, "by-address";q=1000;w=3600',
        "RateLimit": '"default";r=0;t=1, "by-address";r=57;t=26',
        "Retry-After": "1",
    }


def test_the_longest_time_is_that_to_wait() -> None:
    longest = Taken(allowed=False, remaining=0, retry_after=7.01, reset=60)
    assert rate_limited({DEFAULT: REFUSED, BY_ADDRESS: longest}).headers["Retry-After"] == "8"


def test_a_refusal_without_limits_of_its_own_has_a_time_too() -> None:
    assert rate_limited({}).headers == {"Retry-After": "1"}


@pytest.mark.parametrize(("seconds", "whole"), [(0, 1), (0.001, 1), (1, 1), (1.001, 2), (59.5, 60), (3600, 3600)])
def test_times_are_whole_and_never_too_early(seconds: float, whole: int) -> None:
    assert whole_seconds(seconds) == whole


@pytest.mark.parametrize("name", ["", "Default", "1st", "a b", 'a"', "a;q=1", "a" * 33, "a\n", "\u00e4", "-a"])
def test_a_policy_has_a_name_that_needs_no_escapes(name: str) -> None:
    with pytest.raises(ValueError, match="a policy needs a name"):
        QuotaPolicy(name, RateLimit(1, 1))


def test_a_policy_may_have_a_long_name() -> None:
    assert QuotaPolicy("a" * 32, RateLimit(1, 1)).item == f'"{"a" * 32}";q=1;w=1'


def test_a_problem_keeps_the_time_that_it_has() -> None:
    response = answer(rate_limited({DEFAULT: Taken(allowed=False, remaining=0, retry_after=41.5, reset=60)}))
    assert response.status_code == 429
    assert response.headers["retry-after"] == "42"
    assert response.headers["ratelimit"] == '"default";r=0;t=42'
    assert json.loads(response.body)["type"] == "/problems/rate-limited"


def test_another_problem_that_passes_has_one_second() -> None:
    assert answer(Problem(OVERLOADED)).headers["retry-after"] == "1"


def test_the_kind_is_among_those_of_its_status() -> None:
    statuses = [kind.status for kind in GENERAL_KINDS]
    assert RATE_LIMITED in GENERAL_KINDS
    assert statuses == sorted(statuses)
    assert RATE_LIMITED.transient


@pytest.mark.parametrize(
    "limit", [RateLimit(1, 1), RateLimit(1_000_000, 3600), RateLimit(1_000_000, 1), RateLimit(7, 60)]
)  # fmt: skip
def test_the_document_describes_the_headers(limit: RateLimit) -> None:
    policies = [QuotaPolicy(name, limit) for name in ("default", "a" * 32)]
    for taken in (
        Taken(allowed=True, remaining=limit.requests, retry_after=0, reset=0),
        Taken(allowed=False, remaining=0, retry_after=limit.seconds, reset=limit.seconds),
    ):
        for some in (policies[:1], policies):
            headers = rate_limited(dict.fromkeys(some, taken)).headers
            for name in RATE_LIMITS:
                assert re.search(HEADER_COMPONENTS[name]["schema"]["pattern"], headers[name])
                assert len(headers[name]) <= HEADER_COMPONENTS[name]["schema"]["maxLength"]
            assert 1 <= int(headers["Retry-After"]) <= HEADER_COMPONENTS["Retry-After"]["schema"]["maximum"]


def test_the_examples_of_the_document_are_of_this_form() -> None:
    assert set(RATE_LIMITS) == {"RateLimit", "RateLimit-Policy"}
    for name in RATE_LIMITS:
        assert re.search(HEADER_COMPONENTS[name]["schema"]["pattern"], HEADER_COMPONENTS[name]["example"])
        assert not re.search(HEADER_COMPONENTS[name]["schema"]["pattern"], HEADER_COMPONENTS[name]["example"] + ",")
