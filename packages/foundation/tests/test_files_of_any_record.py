"""Files of records with fields of every kind: what is exported is imported again, and what is wrong is named."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.files.file_format import FileFormat
from foundation.files.kinds import Kind
from foundation.files.reading import read_records
from foundation.files.rejected import LineError, RejectedLine
from foundation.files.schema import FileSchema, ReadLine
from foundation.files.writing import write_records
from foundation.kernel.bulk_import import ImportRefused
from foundation.kernel.bulk_loading import Numbered
from foundation.kernel.errors import InvalidValue
from foundation.kernel.value_object import ValueObject


class NegativePages(InvalidValue):
    code = "negative-pages"


class EmptyTitle(InvalidValue):
    code = "empty-title"


class Binding(Enum):
    HARD = "hard"
    SOFT = "soft, glued"


class Shelf(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass(frozen=True, slots=True, order=True)
class Title(ValueObject[str]):
    def __post_init__(self) -> None:
        if not self.value:
            raise EmptyTitle("A title may not be empty.")


@dataclass(frozen=True, slots=True, order=True)
class Pages(ValueObject[int]):
    def __post_init__(self) -> None:
        if self.value < 0:
            raise NegativePages("A book has no negative number of pages.")


class NewBook(NamedTuple):
    title: Title
    pages: Pages
    price: Decimal
    binding: Binding
    shelf: Shelf
    printed: date
    sold_at: datetime | None
    note: str | None
    subtitle: Title | None
    lent: bool = False
    rating: int | None = None


class BookView(NamedTuple):
    id: int
    title: str
    pages: int
    price: Decimal
    binding: str
    shelf: int
    printed: date
    sold_at: datetime | None
    note: str | None
    subtitle: str | None
    lent: bool
    rating: int | None


BOOKS = FileSchema(NewBook, BookView, singular="book", plural="books", taken=LineError("#/title", "taken", "is taken"))
IMPORTED = tuple(BOOKS.imported)
OPTIONAL = ("sold_at", "note", "subtitle", "lent", "rating")
FULL = (
    '{"title":"T","pages":1,"price":"1.50","binding":"hard","shelf":1,"printed":"2025-12-16",'
    '"sold_at":"2025-12-16T12:00:00Z","note":"n","subtitle":"s","lent":true,"rating":5}'
)


def read(content: bytes | str, file_format: FileFormat, cuts: Iterable[int] = ()) -> list[ReadLine[NewBook]]:
    whole = content.encode() if isinstance(content, str) else content
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]

    async def pieces() -> AsyncIterator[bytes]:
        for start, end in pairwise(places):
            yield whole[start:end]

    async def collect() -> list[ReadLine[NewBook]]:
        return [line async for batch in read_records(pieces(), file_format, BOOKS) for line in batch]

    return asyncio.run(collect())


def written(books: Sequence[BookView], file_format: FileFormat, names: Sequence[str] | None = None) -> bytes:
    async def pages() -> AsyncIterator[Sequence[BookView]]:
        yield books

    async def collect() -> bytes:
        return b"".join([piece async for piece in write_records(pages(), file_format, BOOKS, names)])

    return asyncio.run(collect())


def view_of(book: NewBook) -> BookView:
    values: Iterator[Any] = (value.value if isinstance(value, ValueObject | Enum) else value for value in book)
    return BookView(1, *values)


def errors_of(line: ReadLine[NewBook]) -> list[tuple[str, str, str]]:
    assert isinstance(line, RejectedLine)
    return [(error.pointer, error.code, error.message) for error in line.errors]


TEXTS = st.text("aé\",'\\=+-@ \t\r\n{}:\u2028\U0001f600", max_size=4)
NEW_BOOKS = st.builds(
    NewBook,
    title=TEXTS.filter(bool).map(Title),
    pages=st.integers(0, 2**31).map(Pages),
    price=st.decimals(-(10**6), 10**6, places=2),
    binding=st.sampled_from(Binding),
    shelf=st.sampled_from(Shelf),
    printed=st.dates(),
    sold_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    note=st.none() | TEXTS,
    subtitle=st.none() | TEXTS.filter(bool).map(Title),
    lent=st.booleans(),
    rating=st.none() | st.integers(-(2**40), 2**40),
)


@settings(max_examples=300)
@given(
    st.lists(NEW_BOOKS, max_size=4),
    st.sampled_from(FileFormat),
    st.permutations(IMPORTED),
    st.sets(st.sampled_from(OPTIONAL)),
    st.lists(st.integers(0, 300), max_size=4),
)
def test_what_is_exported_is_imported_again(
    books: list[NewBook], file_format: FileFormat, order: list[str], absent: set[str], cuts: list[int]
) -> None:
    names = [name for name in order if name not in absent]
    content = written([view_of(book) for book in books], file_format, names)
    defaults: dict[str, Any] = {name: NewBook._field_defaults.get(name) for name in absent}
    expected = [book._replace(**defaults) for book in books]
    lines = read(content, file_format, cuts)
    assert [line.value for line in lines if isinstance(line, Numbered)] == expected
    assert [[type(value) for value in line.value] for line in lines if isinstance(line, Numbered)] == [
        [type(value) for value in book] for book in expected
    ]


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        ('"pages":1', '"pages":"1"', ("#/pages", "not-an-integer", "must be a whole number, and not null")),
        ('"pages":1', '"pages":true', ("#/pages", "not-an-integer", "must be a whole number, and not null")),
        ('"pages":1', '"pages":1.0', ("#/pages", "not-an-integer", "must be a whole number, and not null")),
        ('"pages":1', '"pages":-1', ("#/pages", "negative-pages", "A book has no negative number of pages.")),
        ('"pages":1', f'"pages":{10**30}', ("#/pages", "not-an-integer", "must be a whole number")),
        ('"rating":5', '"rating":"5"', ("#/rating", "not-an-integer", "must be a whole number or null")),
        ('"lent":true', '"lent":1', ("#/lent", "not-a-boolean", "must be true or false, and not null")),
        ('"price":"1.50"', '"price":1.5', ("#/price", "not-a-string", "must be a string, and not null")),
        ('"price":"1.50"', '"price":"1e5"', ("#/price", "invalid-decimal", "must be a decimal number such as 12.50")),
        ('"binding":"hard"', '"binding":"x"', ("#/binding", "unknown-value", "must be one of hard, soft, glued")),
        ('"shelf":1', '"shelf":3', ("#/shelf", "unknown-value", "must be one of 1, 2")),
        ('"printed":"2025', '"printed":"25', ("#/printed", "invalid-date", "must be a date such as 2025-12-16")),
        ('12:00:00Z"', '12:00:00"', ("#/sold_at", "invalid-time",
         "must be an RFC 3339 time with a zone, such as 2025-12-16T10:00:00Z")),
        ('"note":"n"', '"note":1', ("#/note", "not-a-string", "must be a string or null")),
        ('"title":"T",', "", ("#/title", "required", "is required")),
        ('"title":"T"', '"title":null', ("#/title", "not-a-string", "must be a string, and not null")),
        ('"title":"T"', '"title":""', ("#/title", "empty-title", "A title may not be empty.")),
        ('"title":"T"', '"title":"T","id":1', ("#/id", "read-only", "is read-only")),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_read_is_named(before: str, after: str, error: tuple[str, str, str]) -> None:
    line = FULL.replace(before, after)
    assert line != FULL
    for lines in (read(line, FileFormat.NDJSON), read(f"{FULL}\n{line}\n", FileFormat.NDJSON)[1:]):
        assert [errors_of(one) for one in lines] == [[error]]


def test_a_cell_that_cannot_be_read_is_named() -> None:
    header = "title,pages,price,binding,shelf,printed,lent"
    for cells in (",1.5,x,y,3,2025-13-01,yes", '"",1.5,x,y,3,2025-13-01,yes'):
        [line] = read(f"{header}\n{cells}\n", FileFormat.CSV)
        assert [(pointer, code) for pointer, code, _message in errors_of(line)] == [
            ("#/title", "empty-title"),
            ("#/pages", "not-an-integer"),
            ("#/price", "invalid-decimal"),
            ("#/binding", "unknown-value"),
            ("#/shelf", "unknown-value"),
            ("#/printed", "invalid-date"),
            ("#/lent", "not-a-boolean"),
        ]


def test_an_empty_cell_is_null_unless_it_is_quoted() -> None:
    header = "title,pages,price,binding,shelf,printed,note"
    content = f'{header}\nT,1,2,hard,1,2025-12-16,\nT,1,2,hard,1,2025-12-16,""\n'
    for lines in (read(content, FileFormat.CSV), read(content, FileFormat.CSV, [len(header) + 1, len(content) - 4])):
        assert [line.value.note for line in lines if isinstance(line, Numbered)] == [None, ""]


def test_a_number_is_no_formula_and_a_text_that_looks_like_one_is_none_either() -> None:
    [line] = read(FULL, FileFormat.NDJSON)
    assert isinstance(line, Numbered)
    books = [view_of(line.value)._replace(title="-1", price=Decimal("-1.5"), rating=-1)]
    content = written(books, FileFormat.CSV, ("title", "price", "rating"))
    assert content == b"title,price,rating\r\n'-1,-1.5,-1\r\n"


def test_a_file_needs_the_required_columns_only() -> None:
    required = [name for name in IMPORTED if name not in OPTIONAL]
    [line] = read(f"{','.join(required)}\nT,1,2,hard,1,2025-12-16\n", FileFormat.CSV)
    assert isinstance(line, Numbered)
    assert line.value[-5:] == (None, None, None, False, None)
    with pytest.raises(ImportRefused) as refused:
        read("title,id,nick\n", FileFormat.CSV)
    [header] = refused.value.report.rejected_lines
    assert [error.code for error in header.errors] == ["required"] * 5 + ["read-only", "unknown-field"]


def test_a_type_that_files_do_not_know_is_refused_until_its_kind_is_handed_in() -> None:
    class NewPoint(NamedTuple):
        at: complex

    def schema(**kinds: Any) -> FileSchema[NewPoint]:
        taken = LineError("#/at", "taken", "is taken")
        return FileSchema(NewPoint, NewPoint, singular="point", plural="points", taken=taken, **kinds)

    with pytest.raises(TypeError, match="complex"):
        schema()
    kind = Kind(json_type=str, read=complex, write=lambda values: list(map(str, values)), malformed=("bad", "is bad"))
    assert schema(kinds={complex: kind}).read_members(1, {"at": "1+2j"}) == Numbered(1, NewPoint(1 + 2j))


def test_a_value_object_must_say_what_it_holds() -> None:
    class Vague(ValueObject):  # type: ignore[type-arg]
        pass

    class NewPoint(NamedTuple):
        at: Vague

    with pytest.raises(TypeError, match="Vague"):
        FileSchema(NewPoint, NewPoint, singular="point", plural="points", taken=LineError("#/at", "taken", "is taken"))
