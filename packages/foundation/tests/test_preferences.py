"""The header `Prefer` (RFC 7240)."""

import pytest
from starlette.requests import Request

from foundation.http.requests.preferences import prefers


def request(*values: str) -> Request:
    headers = [(b"prefer", value.encode("latin-1")) for value in values]
    return Request({"type": "http", "method": "GET", "headers": headers})


@pytest.mark.parametrize(
    "values",
    [
        ("count=exact",),
        ('count="exact"',),
        ('count="ex\\act"',),
        ("COUNT = Exact",),
        ("\tcount\t=\texact\t",),
        ("respond-async, wait=10, count=exact",),
        ("respond-async", "count=exact"),
        (",, count=exact ,",),
        ('count=exact; strict; because="of,this"',),
        ("count=exact;;",),
        ('foo; bar="a, count=none", count=exact',),
        ("count=exact, count=none",),
        ('foo=, bar="", count=exact',),
    ],
)  # fmt: skip
def test_a_preference_is_found_however_it_is_written(values: tuple[str, ...]) -> None:
    assert prefers(request(*values), "count", "exact")


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("",),
        ("count",),
        ("count=",),
        ("count=estimated",),
        ("exact",),
        ("exact=count",),
        ("count=none, count=exact",),
        ("count=none", "count=exact"),
        ("count, count=exact",),
        ('foo="count=exact"',),
        ('foo="\\", count=exact"',),
        ("foo; count=exact",),
        ("count:exact",),
        ("count=exact=exact",),
        ("count=exact exact",),
        ('"count"=exact',),
        ('foo=", count=exact',),
        ("ä, count=exact",),
    ],
)
def test_what_is_no_such_preference_is_ignored(values: tuple[str, ...]) -> None:
    assert not prefers(request(*values), "count", "exact")


def test_a_very_long_header_is_read_in_no_time() -> None:
    for part in (" ", ";", ";a", "a=", 'a="', '"\\', ",", "a ", "=", "\t;"):
        assert not prefers(request(part * 50_000 + "\x00"), "count", "exact")
