"""Choosing the form of an answer (RFC 9110, 12.5.1)."""

import pytest
from starlette.requests import Request

from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem, ProblemKind
from foundation.http.requests.negotiation import negotiate

NDJSON = "application/x-ndjson"
CSV = "text/csv"


def request(*accept: str) -> Request:
    headers = [(b"accept", value.encode("latin-1")) for value in accept]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers})


def refusal(*accept: str) -> ProblemKind:
    with pytest.raises(Problem) as problem:
        negotiate(request(*accept), NDJSON, CSV)
    return problem.value.kind


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ((), NDJSON),
        (("",), NDJSON),
        (("*/*",), NDJSON),
        (("text/csv",), CSV),
        (("TEXT/CSV",), CSV),
        (("text/*",), CSV),
        (("text/html, text/csv;q=0.1",), CSV),
        (("text/html", "text/csv"), CSV),
        ((f"{NDJSON};q=0.5, text/csv;q=0.6",), CSV),
        ((f"{NDJSON}, text/csv",), NDJSON),
        ((f"text/csv, {NDJSON}",), NDJSON),
        (("*/*;q=0.1, text/csv",), CSV),
        ((f"*/*, {NDJSON};q=0",), CSV),
        ((f"*/*;q=0.9, {NDJSON};q=0.1",), CSV),
        (("text/*;q=0, text/csv",), CSV),
        (("text/csv; charset=utf-8",), CSV),
        (('text/csv;charset="UTF-8" ; q=1.000',), CSV),
        (("text/csv;header=absent, */*;q=0.1",), NDJSON),
        ((" ,, text/csv ,",), CSV),
        (("text/csv;;q=0.5;",), CSV),
        (('a/b;c="x,y;q=0\\"", text/csv',), CSV),
    ],
)
def test_the_closest_range_decides_and_the_most_liked_form_is_chosen(accept: tuple[str, ...], chosen: str) -> None:
    assert negotiate(request(*accept), NDJSON, CSV) == chosen


@pytest.mark.parametrize(
    "accept",
    ["text/html", "*/*;q=0", "text/*;q=0.000", "application/json", "text/csv;q=0", "text/csv;header=absent",
     "text/csvx", "text/csv;charset=latin-1"],
)  # fmt: skip
def test_without_an_acceptable_form_there_is_no_answer(accept: str) -> None:
    assert refusal(accept) is kinds.NOT_ACCEPTABLE


@pytest.mark.parametrize(
    "unreadable",
    ["text", "text/", "/csv", "*/csv", "text/csv;q=2", "text/csv;q=-1", "text/csv;q=0.1234", "text/csv;q=",
     "text/csv;q=1.5", "text/csv q=1", "text/csv;q", "text/csv\x00", "té/xt", "a/b/c", "(a)/b"],
)  # fmt: skip
def test_what_is_no_media_range_is_passed_over(unreadable: str) -> None:
    assert negotiate(request(unreadable), NDJSON, CSV) == NDJSON
    assert negotiate(request(f"{unreadable}, text/csv"), NDJSON, CSV) == CSV
    assert negotiate(request(f"text/csv, {unreadable}"), NDJSON, CSV) == CSV


def test_older_clients_of_java_accept_anything() -> None:
    accept = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
    assert negotiate(request(accept), "application/json") == "application/json"


@pytest.mark.parametrize("accept", ["text/csv; charset=utf-8; header=present", "text/csv;header=present"])
def test_the_media_type_of_an_export_is_acceptable(accept: str) -> None:
    assert negotiate(request(accept), NDJSON, CSV) == CSV


@pytest.mark.parametrize(
    "hard", [" " * 8_000, "a/b;" * 2_000, 'a/b;c="' * 1_000, "," * 8_000, "a/b;c=" + '"\\"' * 2_000]
)
def test_no_header_takes_long_to_read(hard: str) -> None:
    """Each of these would take minutes in a reader that reads parts of it again and again."""
    with pytest.raises(Problem):
        negotiate(request(f"text/html,{hard}!"), NDJSON)
