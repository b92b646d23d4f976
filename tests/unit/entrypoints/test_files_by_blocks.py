"""Files are read by blocks of lines, and written by columns: each says what line by line and value by value says."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from application.users.ports import UserView
from domain.users.user import NewUser
from entrypoints.user_files import USER_FILES
from foundation.files.file_format import FileFormat
from foundation.files.reading import read_records
from foundation.files.schema import ReadLine
from foundation.files.spreadsheets import escaped
from foundation.files.writing import write_records
from foundation.kernel.bulk_loading import Numbered
from foundation.testing.clocks import MICROSECOND, NOON

EXPORTED, IMPORTED = tuple(USER_FILES.exported), tuple(USER_FILES.imported)
ORDINARY = {FileFormat.NDJSON: '{"email":"a@example.com","name":"A é"}', FileFormat.CSV: "a@example.com,A é"}
OTHERS = {
    FileFormat.NDJSON: [
        '{"name":"N","email":"n@example.com"}',
        '{"email":"b@example.com","name":"\\u0042"}',
        '{"email":"b@example.com","name":"B\u2028"}',
        '{"email":"no address","name":"B"}',
        '{"email":"b@example.com","name":"B"}{"email":"b@example.com","name":"B"}',
        "",
        "\r",
        "[]",
        ' {"email":"b@example.com","name":"B"}',
        "\udcff",
        "x" * 70_000,
    ],
    FileFormat.CSV: [
        '"b@example.com","B"',
        "b@example.com,'=1",
        "b@example.com,'",
        "'+b@example.com,B",
        "no address,B",
        "b@example.com,B,C",
        ",",
        "",
        "b@example.com,B\rB",
        "b@example.com,B\u2028",
        "\udcff",
        "x" * 70_000,
    ],
}


def read_behind(head: str, *content: bytes, file_format: FileFormat) -> list[ReadLine[NewUser]]:
    """What a file says. Lines are read together when they come behind the piece with the header."""

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (head.encode(), *content):
            yield piece

    async def collect() -> list[ReadLine[NewUser]]:
        return [line async for some in read_records(pieces(), file_format, USER_FILES) for line in some]

    return asyncio.run(collect())


def numbered(line: ReadLine[NewUser], number: int) -> ReadLine[NewUser]:
    return Numbered(number, line.value) if isinstance(line, Numbered) else replace(line, line=number)


def written(users: Sequence[UserView], file_format: FileFormat, fields: Sequence[str]) -> str:
    async def pages() -> AsyncIterator[Sequence[UserView]]:
        yield users

    async def collect() -> bytes:
        return b"".join([piece async for piece in write_records(pages(), file_format, USER_FILES, fields)])

    return asyncio.run(collect()).decode()


@pytest.mark.parametrize("file_format", FileFormat)
@settings(max_examples=200)
@given(data=st.data())
def test_lines_say_together_what_each_of_them_says_by_itself(file_format: FileFormat, data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.sampled_from([ORDINARY[file_format]] * 9 + OTHERS[file_format]), max_size=8))
    ends = [data.draw(st.sampled_from(["\n", "\r\n"])) for _ in lines]
    head = "" if file_format is FileFormat.NDJSON else "email,name\n"
    content = [f"{line}{end}".encode("utf-8", "surrogateescape") for line, end in zip(lines, ends, strict=True)]
    alone = [read_behind(head, line, file_format=file_format)[0] for line in content]
    expected = [numbered(line, number) for number, line in enumerate(alone, 1 + bool(head))]
    assert read_behind(head, b"".join(content), file_format=file_format) == expected


def test_a_line_within_quotes_is_no_record_although_it_looks_like_one() -> None:
    block = 'b@example.com,B\n"c@example.com\n,d@example.com,D\n",C\ne@example.com,E\n'
    lines = read_behind("email,name\n", block.encode(), file_format=FileFormat.CSV)
    assert [line.line for line in lines] == [2, 3, 6]
    for cut in range(1, len(block)):
        assert (
            read_behind("email,name\n", block[:cut].encode(), block[cut:].encode(), file_format=FileFormat.CSV) == lines
        )


TEXTS = st.text("aé\",'\\=+-@\t\r\n{}: \x1f\x7f\u2028\U0001f600", max_size=5)
MOMENTS = st.sampled_from(
    [NOON, NOON + MICROSECOND, NOON + timedelta(seconds=1), datetime(1, 1, 1, tzinfo=NOON.tzinfo)]
)
USERS = st.lists(st.builds(UserView, st.integers(1, 10**9), TEXTS, TEXTS, MOMENTS, MOMENTS), min_size=1, max_size=5)


def rfc3339(moment: datetime) -> str:
    return f"{moment.isoformat(timespec='microseconds').removesuffix('+00:00')}Z"


def values(user: UserView, fields: Sequence[str]) -> list[int | str]:
    found = (getattr(user, field) for field in fields)
    return [rfc3339(value) if isinstance(value, datetime) else value for value in found]


@settings(max_examples=400)
@given(
    USERS,
    st.sampled_from([EXPORTED, IMPORTED, ("id",), ("created_at", "updated_at")]),
)
@example([UserView(n, '",', ",", NOON, NOON) for n in (1, 2)], EXPORTED)
@example([UserView(n, ",", "\\", NOON, NOON + MICROSECOND) for n in (1, 2)], EXPORTED)
def test_users_are_written_as_the_standard_library_writes_them(users: list[UserView], fields: tuple[str, ...]) -> None:
    objects = [dict(zip(fields, values(user, fields), strict=True)) for user in users]
    lines = [json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in objects]
    assert written(users, FileFormat.NDJSON, fields) == "".join(f"{line}\n" for line in lines)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(fields)
    for user in users:
        writer.writerow([escaped(value) if isinstance(value, str) else value for value in values(user, fields)])
    # The standard library leaves an empty cell without quotes where there are others; both read as the same.
    assert list(csv.reader(io.StringIO(written(users, FileFormat.CSV, fields), newline=""))) == list(
        csv.reader(io.StringIO(text.getvalue(), newline=""))
    )
    if all(user.email and user.name for user in users):
        assert written(users, FileFormat.CSV, fields) == text.getvalue()
