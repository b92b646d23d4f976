"""Reading and writing files of users."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from application.users.ports import UserView
from domain.users.email_address import EmailAddress
from domain.users.user import NewUser
from domain.users.user_name import UserName
from entrypoints.http.v1.users.schemas import CreateUserBody, UserBody
from entrypoints.user_files import USER_FILES
from foundation.files.file_format import FileFormat, format_of
from foundation.files.lines import MAX_LINE_LENGTH
from foundation.files.reading import read_records
from foundation.files.rejected import RejectedLine
from foundation.files.schema import ReadLine, WrongFields
from foundation.files.spreadsheets import escaped, unescaped
from foundation.files.writing import write_records
from foundation.http.problems.validation import field_errors_of_body
from foundation.kernel.bulk_import import ImportRefused
from foundation.kernel.bulk_loading import Numbered
from foundation.kernel.errors import InvalidValue
from foundation.strict_json import NotStrictJson, read_json
from foundation.testing.clocks import NOON

EXPORTED, IMPORTED = tuple(USER_FILES.exported), tuple(USER_FILES.imported)
ADA = '{"email":"ada@example.com","name":"Ada"}'


def read(content: bytes | str, file_format: FileFormat, cuts: Iterable[int] = ()) -> list[ReadLine[NewUser]]:
    """What the lines say of a file that arrives cut at these places."""
    whole = content.encode() if isinstance(content, str) else content
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]

    async def pieces() -> AsyncIterator[bytes]:
        for start, end in pairwise(places):
            yield whole[start:end]

    async def collect() -> list[ReadLine[NewUser]]:
        return [line async for some in read_records(pieces(), file_format, USER_FILES) for line in some]

    return asyncio.run(collect())


def written(
    users: Sequence[UserView], file_format: FileFormat, fields: Sequence[str] | None = None, page: int = 3
) -> bytes:
    async def pages() -> AsyncIterator[Sequence[UserView]]:
        for start in range(0, len(users), page):
            yield users[start : start + page]

    async def collect() -> bytes:
        return b"".join([piece async for piece in write_records(pages(), file_format, USER_FILES, fields)])

    return asyncio.run(collect())


def views(*values: tuple[str, str]) -> list[UserView]:
    return [UserView(number, email, name, NOON, NOON) for number, (email, name) in enumerate(values, 1)]


def kept(lines: Iterable[ReadLine[NewUser]]) -> list[tuple[int, str, str]]:
    return [(line.line, line.value.email.value, line.value.name.value) for line in lines if isinstance(line, Numbered)]


def rejected(lines: Iterable[ReadLine[NewUser]]) -> list[tuple[int, tuple[tuple[str, str], ...]]]:
    return [
        (line.line, tuple((error.pointer, error.code) for error in line.errors))
        for line in lines
        if isinstance(line, RejectedLine)
    ]


def header_errors(content: str | bytes) -> set[tuple[str, str]]:
    with pytest.raises(ImportRefused) as refused:
        read(content, FileFormat.CSV)
    [header] = refused.value.report.rejected_lines
    assert (header.line, refused.value.report.rejected) == (1, 1)
    return {(error.pointer, error.code) for error in header.errors}


def test_ndjson_is_read_line_by_line_with_or_without_a_last_line_feed() -> None:
    for end in ("", "\n", "\r\n"):
        lines = read(f'{ADA}\r\n{{"name": "Bob", "email": "BOB@example.com"}}{end}', FileFormat.NDJSON)
        assert kept(lines) == [(1, "ada@example.com", "Ada"), (2, "bob@example.com", "Bob")]
        assert rejected(lines) == []


def test_an_empty_file_of_ndjson_has_no_lines() -> None:
    assert read(b"", FileFormat.NDJSON) == []


@pytest.mark.parametrize(
    ("line", "errors"),
    [
        ("", {("#", "malformed-line")}),
        ("{", {("#", "malformed-line")}),
        (ADA + ADA, {("#", "malformed-line")}),
        ("\ufeff" + ADA, {("#", "malformed-line")}),
        ('{"email":"a@example.com","email":"a@example.com","name":"A"}', {("#", "malformed-line")}),
        ('{"email":"a@example.com","name":NaN}', {("#", "malformed-line")}),
        ('{"email":"a@example.com","name":"\\ud800"}', {("#", "malformed-line")}),
        ("[" * 40 + "]" * 40, {("#", "malformed-line")}),
        ("[]", {("#", "not-an-object")}),
        ("null", {("#", "not-an-object")}),
        ("{}", {("#/email", "required"), ("#/name", "required")}),
        ('{"email":null,"name":1}', {("#/email", "not-a-string"), ("#/name", "not-a-string")}),
        ('{"email":"a","name":" "}', {("#/email", "invalid-email-address"), ("#/name", "invalid-user-name")}),
        ('{"email":"a@example.com","name":"A","id":1}', {("#/id", "read-only")}),
        ('{"email":"a","name":"A","nick":1}', {("#/email", "invalid-email-address"), ("#", "unknown-field")}),
        ('{"email":"a@example.com","name":"a\\u0000"}', {("#/name", "invalid-user-name")}),
        ('{"email":"a@example.com","name":"a\x00"}', {("#", "malformed-line")}),
        (" " * (MAX_LINE_LENGTH - len(ADA) + 1) + ADA, {("#", "line-too-long")}),
    ],
)  # fmt: skip
def test_a_bad_line_of_ndjson_is_rejected_and_the_next_one_is_read(line: str, errors: set[tuple[str, str]]) -> None:
    lines = read(f"{line}\n{ADA}\n", FileFormat.NDJSON)
    assert [(number, set(found)) for number, found in rejected(lines)] == [(1, errors)]
    assert kept(lines) == [(2, "ada@example.com", "Ada")]


@pytest.mark.parametrize("file_format", FileFormat)
def test_bytes_that_are_no_utf8_reject_their_line_only(file_format: FileFormat) -> None:
    bad, good = b"\xff\xfe", b"A\xc3\xa9"
    if file_format is FileFormat.CSV:
        content = b"email,name\na@example.com," + bad + b"\nb@example.com," + good
        numbers = (2, 3)
    else:
        content = b'{"email":"a@example.com","name":"%s"}\n{"email":"b@example.com","name":"%s"}' % (bad, good)
        numbers = (1, 2)
    lines = read(content, file_format)
    assert [number for number, _errors in rejected(lines)] == [numbers[0]]
    assert kept(lines) == [(numbers[1], "b@example.com", "Aé")]


def test_the_longest_line_is_read() -> None:
    line = " " * (MAX_LINE_LENGTH - len(ADA)) + ADA
    lines = read(f"{line}\n{ADA}", FileFormat.NDJSON)
    assert kept(lines) == [(1, "ada@example.com", "Ada"), (2, "ada@example.com", "Ada")]


TEXTS = st.text('aA é"\\/,:{}[]\n\r\t\x00\x1f\u2028\u0301\U0001f600', max_size=6)
ALMOST_JSON = st.one_of(
    st.builds(
        lambda email, name, blank, ascii_only: json.dumps(
            {"email": email, "name": name}, ensure_ascii=ascii_only, separators=("," + blank, ":" + blank)
        ),
        TEXTS, TEXTS, st.sampled_from(["", " ", "  ", "\t"]), st.booleans(),
    ),
    st.builds('{{"email":"{}","name":"{}"}}'.format, TEXTS, TEXTS),
    st.builds('{{ "email" :"{}","name":"{}" }}'.format, TEXTS, TEXTS),
    st.dictionaries(st.sampled_from(["email", "name", "id", "nick"]), TEXTS | st.integers()).map(json.dumps),
)  # fmt: skip


@settings(max_examples=400)
@given(ALMOST_JSON.map(lambda line: line.replace("\n", "").encode()), st.binary(max_size=2), st.integers(0, 40))
@example(b'{"email":"a@example.com","name":"A"}', b"\xff", 33)
@example(b'{"email":"a@example.com","name":"A"}', b"", 0)
@example(b'{"email":"a@example.com","name":"A"}', b"\r", 40)
def test_the_fast_way_reads_a_line_exactly_as_the_json_reader_does(line: bytes, noise: bytes, place: int) -> None:
    line = (line[:place] + noise + line[place:]).replace(b"\n", b"")
    if not line:
        return
    [read_fast] = read(line, FileFormat.NDJSON)
    try:
        expected = USER_FILES.read_members(1, read_json(line))
    except NotStrictJson:
        assert rejected([read_fast]) == [(1, (("#", "malformed-line"),))]
    else:
        assert read_fast == expected


@pytest.mark.parametrize(
    "document",
    [
        [],
        None,
        "a",
        {},
        {"email": None, "name": 1},
        {"email": "a", "name": "\x00"},
        {"email": "a@example.com", "name": "A", "id": 1, "created_at": 1, "updated_at": 1},
        {"email": "a", "nick": 1, "nock": {"id": 1}},
    ],
)
def test_a_line_is_refused_in_the_words_of_a_request(document: object) -> None:
    with pytest.raises(ValidationError) as refused:
        CreateUserBody.model_validate(document)
    errors = refused.value.errors(include_url=False, include_input=False)
    said = {(e.at, e.code, e.message) for e in field_errors_of_body(errors, UserBody.model_fields.keys())}
    line = USER_FILES.read_members(1, document)
    assert isinstance(line, RejectedLine)
    assert {(error.pointer, error.code, error.message) for error in line.errors} == said


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_a_line_in_another_encoding_is_told_so(encoding: str) -> None:
    line = '{"email": "jos\u00e9@example.com", "name": "A"}\n'.encode(encoding)
    first = read(line, FileFormat.NDJSON)[0]
    assert isinstance(first, RejectedLine)
    assert [error.message for error in first.errors] == ["must be UTF-8 text without a byte order mark"]


def test_csv_is_read_in_either_order_of_columns_with_either_end_of_line() -> None:
    for end in ("\n", "\r\n"):
        for mark in ("", "\ufeff"):
            records = ["name,email", "Ada,ada@example.com", '"B, Bob",b@example.com']
            lines = read(mark + end.join(records), FileFormat.CSV)
            assert kept(lines) == [(2, "ada@example.com", "Ada"), (3, "b@example.com", "B, Bob")]
            assert rejected(lines) == []


@pytest.mark.parametrize(
    ("header", "errors"),
    [
        ("", {("#/email", "required"), ("#/name", "required")}),
        ("\n", {("#/email", "required"), ("#/name", "required"), ("#", "unknown-field")}),
        ("email\n", {("#/name", "required")}),
        ("Email,name\n", {("#/email", "required"), ("#", "unknown-field")}),
        ("email,name,id\n", {("#/id", "read-only")}),
        ("email,name,phone\n", {("#", "unknown-field")}),
        ("email,name,email\n", {("#", "repeated-column")}),
        ("email;name\n", {("#", "malformed-header")}),
        ("email\tname\n", {("#", "malformed-header")}),
        ('"email";"name"\n', {("#", "malformed-header")}),
        ("sep=;\nemail;name\n", {("#", "malformed-header")}),
        ('"email","name"\n'.encode("utf-16"), {("#", "malformed-header")}),
        ('"email","name"\n'.encode("utf-16-le"), {("#", "malformed-header")}),
        ('"email,name\n', {("#", "unclosed-quote")}),
        ("email,na\rme\n", {("#", "malformed-line")}),
        ("x" * (MAX_LINE_LENGTH + 1), {("#", "line-too-long")}),
    ],
)
def test_csv_needs_a_header_that_names_the_columns(header: str | bytes, errors: set[tuple[str, str]]) -> None:
    assert header_errors(header) == errors


def test_numbers_are_those_of_lines_also_where_a_record_has_several() -> None:
    content = 'email,name\n"a@example.com\n",A\nb,"B\n\n""x""\n"\nc@example.com,C\nd,D\n'
    lines = read(content, FileFormat.CSV)
    assert kept(lines) == [(2, "a@example.com", "A"), (8, "c@example.com", "C")]
    assert [number for number, _errors in rejected(lines)] == [4, 9]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ("", "wrong-number-of-cells"),
        ("a@example.com", "wrong-number-of-cells"),
        ("a@example.com,A,", "wrong-number-of-cells"),
        ('a@example.com,A"B', "malformed-line"),
        ('a@example.com,"A"B', "malformed-line"),
        ('a@example.com, "A"', "malformed-line"),
        ("a@example.com,A\rB", "malformed-line"),
        ("x" * (MAX_LINE_LENGTH + 1), "line-too-long"),
    ],
)
def test_a_bad_record_is_rejected_and_the_next_one_is_read(record: str, code: str) -> None:
    lines = read(f"email,name\n{record}\nb@example.com,B\n", FileFormat.CSV)
    assert rejected(lines)[0] == (2, (("#", code),))
    assert [values for _line, *values in kept(lines)] == [["b@example.com", "B"]]


@pytest.mark.parametrize(
    "unclosed",
    ['"B\nc@example.com,C\n', '"' + "x\n" * (MAX_LINE_LENGTH // 2 + 1), '"B\nc@example.com,"C"\nd@example.com,D\n'],
)
def test_a_quote_that_is_not_closed_refuses_the_file_since_lines_cannot_be_counted(unclosed: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        read(f"email,name\na@example.com,A\nb@example.com,{unclosed}", FileFormat.CSV)
    [line] = refused.value.report.rejected_lines
    assert (line.line, [error.code for error in line.errors]) == (3, ["unclosed-quote"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_another_encoding_is_called_by_its_name(encoding: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        read("email,name\na@example.com,A\n".encode(encoding), FileFormat.CSV)
    assert [error.message for error in refused.value.report.rejected_lines[0].errors] == ["must be UTF-8"]


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "'=1", "''-1", "'a", "'", "", "a=", "Ada"])
def test_no_cell_is_run_by_a_spreadsheet_and_every_value_comes_back(value: str) -> None:
    assert escaped(value)[:1] not in set("=+-@\t\r")
    assert unescaped(escaped(value)) == value
    assert (escaped(value) == value) == (value.lstrip("'")[:1] not in set("=+-@\t\r") or not value.lstrip("'"))


def test_a_name_that_spreadsheets_would_run_is_written_as_text() -> None:
    content = written(views(("+tag@example.com", "=HYPERLINK(1)")), FileFormat.CSV, IMPORTED)
    assert content == b"email,name\r\n'+tag@example.com,'=HYPERLINK(1)\r\n"


def test_every_field_is_written_in_its_place() -> None:
    users = views(("ada@example.com", 'Ada "A", é'))
    assert written(users, FileFormat.NDJSON).decode() == (
        '{"id":1,"email":"ada@example.com","name":"Ada \\"A\\", é",'
        '"created_at":"2025-12-16T12:00:00.000000Z","updated_at":"2025-12-16T12:00:00.000000Z"}\n'
    )
    assert written(users, FileFormat.CSV).decode() == (
        "id,email,name,created_at,updated_at\r\n"
        '1,ada@example.com,"Ada ""A"", é",2025-12-16T12:00:00.000000Z,2025-12-16T12:00:00.000000Z\r\n'
    )
    assert written([], FileFormat.NDJSON) == b""
    assert written([], FileFormat.CSV, IMPORTED) == b"email,name\r\n"


def test_a_file_is_handed_on_in_pieces_that_are_neither_small_nor_large() -> None:
    users = views(*((f"user{number}@example.com", "A" * 200) for number in range(5000)))

    async def pages() -> AsyncIterator[Sequence[UserView]]:
        for start in range(0, len(users), 1000):
            yield users[start : start + 1000]

    async def collect() -> list[int]:
        return [len(piece) async for piece in write_records(pages(), FileFormat.NDJSON, USER_FILES)]

    sizes = asyncio.run(collect())
    assert min(sizes[:-1]) >= 64 * 1024
    assert max(sizes) <= 256 * 1024


def is_user(values: tuple[str, str]) -> bool:
    try:
        return (EmailAddress(values[0]).value, UserName(values[1]).value) == values
    except InvalidValue:
        return False


USERS = st.lists(
    st.tuples(
        st.text("ab'=+-", min_size=1, max_size=4).map("{}@example.com".format),
        st.text("'=+-@aé\",;\u2028\x85 \U0001f600", min_size=1, max_size=8),
    ).filter(is_user),
    max_size=5,
)


@settings(max_examples=200)
@given(USERS, st.sampled_from(FileFormat), st.lists(st.integers(0, 200), max_size=5))
def test_what_is_written_is_read_again_wherever_it_is_cut(
    values: list[tuple[str, str]], file_format: FileFormat, cuts: list[int]
) -> None:
    content = written(views(*values), file_format, IMPORTED)
    lines = read(content, file_format, cuts)
    assert rejected(lines) == []
    assert [tuple(found) for _line, *found in kept(lines)] == values


@settings(max_examples=200)
@given(st.binary(max_size=30) | st.text("a\",\r\n'", max_size=30).map(str.encode), st.lists(st.integers(0, 60)))
def test_where_a_file_is_cut_makes_no_difference(body: bytes, cuts: list[int]) -> None:
    def result(content: bytes, file_format: FileFormat, cuts: Iterable[int] = ()) -> object:
        try:
            return read(content, file_format, cuts)
        except ImportRefused as refused:
            return refused.report

    for file_format, content in ((FileFormat.NDJSON, body), (FileFormat.CSV, b"email,name\n" + body)):
        assert result(content, file_format, cuts) == result(content, file_format)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.text("a \",\n\r'é", max_size=5), st.text("a \",\n\r'é", max_size=5)), max_size=4))
def test_every_record_of_the_standard_library_is_one_record(records: list[tuple[str, str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(records)
    lines = read("email,name\r\n" + text.getvalue(), FileFormat.CSV)
    assert len(lines) == len(records)
    assert {code for _line, errors in rejected(lines) for _pointer, code in errors} <= {
        "invalid-email-address",
        "invalid-user-name",
    }


def test_fields_are_read_in_any_order_and_written_in_one() -> None:
    assert USER_FILES.choose_fields("name,email") == ("email", "name")
    assert USER_FILES.choose_fields(",".join(EXPORTED)) == EXPORTED
    for text in ("", "email,", "email,email", "phone", "email name", "EMAIL"):
        with pytest.raises(WrongFields):
            USER_FILES.choose_fields(text)


def test_each_format_has_a_media_type_of_its_own() -> None:
    assert [format_of(one.media_type) for one in FileFormat] == list(FileFormat)
