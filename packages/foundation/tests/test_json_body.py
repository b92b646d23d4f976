"""Reading JSON bodies."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.types import Message

from foundation.http.limits import MAX_DOCUMENT_SIZE
from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.http.requests.json_body import JSON, MERGE_PATCH, json_body, parse_json

TEXTS = st.text('aé\x00\n"\\\u2028\uffff\U0001f600', max_size=4)
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)


@settings(max_examples=50)
@given(DOCUMENTS, st.booleans())
def test_a_strict_document_is_read_as_it_is(document: object, ascii_only: bool) -> None:  # noqa: FBT001 -- drawn
    assert parse_json(json.dumps(document, ensure_ascii=ascii_only).encode()) == document


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b'{"a": 1,}',
        b"{'a': 1}",
        b'{"a": 1} {"b": 2}',
        b'{"a": 1}\x00',
        b'{"a": "line\nbreak"}',
        b'{"a": 01}',
        b'{"a": +1}',
        b'{"a": .5}',
        b'{"a": 0x1}',
        b"// comment\n{}",
        b"undefined",
        pytest.param(b"\xef\xbb\xbf{}", id="byte order mark"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"a": "é"}'.encode("latin-1"), id="Latin-1"),
        pytest.param(b'{"a": "\xc0\xaf"}', id="overlong UTF-8"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', id="a surrogate in UTF-8"),
        pytest.param(b'{"a": "\xf4\x90\x80\x80"}', id="beyond Unicode"),
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": [-Infinity]}',
        b'{"a": 1e999}',
        b'{"a": [-1e999]}',
        b"1" * 5000,
        b'{"a": -' + b"1" * 5000 + b"}",
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "\\u0061": 2}',
        b'[{"deep": {"b": 0, "a": 1, "b": 0}}]',
        b'{"a": "\\ud800"}',
        b'{"a": ["\\udc00\\ud800"]}',
        b'{"\\ud800": 1}',
        b'{"a": {"b\\udfff": 1}}',
        b'"\\ud800"',
    ],
)
def test_what_readers_could_understand_differently_is_malformed(content: bytes) -> None:
    with pytest.raises(Problem) as problem:
        parse_json(content)
    assert problem.value.kind is kinds.MALFORMED_REQUEST


def test_a_surrogate_pair_is_one_character() -> None:
    assert parse_json(b'{"\\ud83d\\ude00": "\\ud83d\\ude00"}') == {"\U0001f600": "\U0001f600"}


def test_a_very_small_number_is_zero() -> None:
    assert parse_json(b"1e-999") == 0.0


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_32_levels_are_read_and_33_are_not(opening: str, closing: str) -> None:
    levels = opening.count("[") + opening.count("{")

    def nested(depth: int) -> bytes:
        extra = depth % levels
        return ("[" * extra + opening * (depth // levels) + "0" + closing * (depth // levels) + "]" * extra).encode()

    assert parse_json(nested(32)) is not None
    with pytest.raises(Problem):
        parse_json(nested(33))


@pytest.mark.parametrize(
    "content",
    [b"[" * 60_000, b"[" * 30_000 + b"]" * 30_000, b'{"a":' * 12_000, b'{"a":' * 10_000 + b"0" + b"}" * 10_000],
    ids=["open brackets", "brackets", "open braces", "braces"],
)
def test_nesting_without_end_is_malformed_and_no_crash(content: bytes) -> None:
    with pytest.raises(Problem) as problem:
        parse_json(content)
    assert problem.value.kind is kinds.MALFORMED_REQUEST


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


class StoredThing(Thing):
    id: int


read_thing = json_body(Thing, JSON, MERGE_PATCH, resource=StoredThing)


def request(
    *chunks: bytes, content_type: str | None = JSON, method: str = "POST", headers: Sequence[tuple[str, str]] = ()
) -> Request:
    given_type = [] if content_type is None else [("content-type", content_type)]
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return messages.pop(0)

    encoded = [(name.encode(), value.encode()) for name, value in [*given_type, *headers]]
    return Request({"type": "http", "method": method, "path": "/", "headers": encoded}, receive)


async def problem_of(request: Request) -> Problem:
    with pytest.raises(Problem) as problem:
        await read_thing(request)
    return problem.value


@pytest.mark.anyio
class TestDependency:
    @pytest.mark.parametrize(
        "content_type",
        [JSON, MERGE_PATCH, "Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'],
    )
    async def test_reads_the_media_types_of_the_route(self, content_type: str) -> None:
        thing = await read_thing(request(b'{"name"', b': "Ada"}', content_type=content_type))
        assert thing == Thing(name="Ada")

    @pytest.mark.parametrize(
        "content_type",
        [
            None,
            "",
            "text/plain",
            "application/jsonp",
            "application/json; charset=latin-1",
            "application/json, text/plain",
        ],
    )
    async def test_refuses_any_other_and_names_those_it_reads(self, content_type: str | None) -> None:
        problem = await problem_of(request(b"{}", content_type=content_type))
        assert problem.kind is kinds.UNSUPPORTED_MEDIA_TYPE
        assert problem.headers == {"Accept-Post": "application/json, application/merge-patch+json"}

    async def test_names_them_for_patches_in_their_own_header(self) -> None:
        problem = await problem_of(request(b"{}", content_type="text/plain", method="PATCH"))
        assert list(problem.headers) == ["Accept-Patch"]

    async def test_refuses_a_content_coding(self) -> None:
        problem = await problem_of(request(b"{}", headers=[("content-encoding", "gzip")]))
        assert problem.kind is kinds.UNSUPPORTED_MEDIA_TYPE

    async def test_reads_64_kib_and_no_byte_more(self) -> None:
        body = b'{"name": "Ada"}'
        assert await read_thing(request(body.ljust(MAX_DOCUMENT_SIZE))) == Thing(name="Ada")
        problem = await problem_of(request(body.ljust(MAX_DOCUMENT_SIZE), b" "))
        assert problem.kind is kinds.CONTENT_TOO_LARGE

    async def test_stops_reading_a_body_that_does_not_end(self) -> None:
        endless = request(*[b" " * 10_000] * 1_000)
        assert (await problem_of(endless)).kind is kinds.CONTENT_TOO_LARGE
        left = [message async for message in endless.stream()]
        assert len(left) > 900

    async def test_says_which_fields_are_wrong_without_their_values(self) -> None:
        problem = await problem_of(request(b'{"name": ["secret"], "id": "secret"}'))
        assert problem.kind is kinds.VALIDATION_FAILED
        assert {error.at for error in problem.errors} == {"#/name", "#/id"}
        assert "secret" not in json.dumps([error.document() for error in problem.errors])

    async def test_repeats_no_name_that_the_resource_does_not_have(self) -> None:
        problem = await problem_of(request(b'{"name": "Ada", "secret": 1, "<script>": 1}'))
        assert [error.at for error in problem.errors] == ["#"]
        assert "secret" not in json.dumps([error.document() for error in problem.errors])

    @pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"1"])
    async def test_wants_an_object(self, body: bytes) -> None:
        problem = await problem_of(request(body))
        assert [error.at for error in problem.errors] == ["#"]


@pytest.mark.parametrize(
    ("most", "begin", "part", "end", "sentence"),
    [
        (40_000, b"[", b"[]", b"]", "The body has more than 40,000 arrays."),
        (400_000, b"[", b"1", b"]", "The body has more than 400,000 values."),
        (30_000, b'{"a":0},{', b'"%d":0', b"}", "An object in the body has more than 30,000 members."),
    ],
    ids=["arrays", "values", "members"],
)
def test_more_parts_than_can_be_read_in_passing_are_refused(
    most: int, begin: bytes, part: bytes, end: bytes, sentence: str
) -> None:
    def document(number: int) -> bytes:
        parts = b",".join(part % one if b"%" in part else part for one in range(number))
        return b"[" + begin + parts + end + b"]"

    assert parse_json(document(most - 2))
    with pytest.raises(Problem) as refused:
        parse_json(document(most + 2))
    assert (refused.value.kind, refused.value.detail) == (kinds.MALFORMED_REQUEST, sentence)


def test_many_small_objects_may_have_many_members_together() -> None:
    assert len(parse_json(b"[" + b",".join([b'{"a":1}'] * 100_000) + b"]")) == 100_000


@pytest.mark.parametrize("mark", ["[", ":", ",", '\\"['])
def test_what_is_in_a_string_is_no_part(mark: str) -> None:
    text = mark * 500_000
    assert parse_json(json.dumps([text]).encode()) == [text]
