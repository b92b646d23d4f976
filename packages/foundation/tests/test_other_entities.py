"""What every storage promises of entities with references, several unique values, or none: see `shelves_and_books`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from foundation.kernel.bulk_loading import Loaded, Numbered
from foundation.testing.clocks import NOON
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from shelves_and_books import (
    Binding,
    Book,
    BookFilter,
    BookId,
    BookSort,
    Isbn,
    IsbnsTaken,
    IsbnTaken,
    Library,
    NewBook,
    NewShelf,
    PlaceTaken,
    Shelf,
    ShelfId,
    ShelfInUse,
    ShelfNotFound,
    open_library,
)

pytestmark = pytest.mark.anyio

NO_SHELF = ShelfId(999)


@pytest.fixture(params=["memory", "sqlite", *POSTGRES_NAMES])
async def library(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_servers: PostgresServers
) -> AsyncIterator[Library]:
    with ExitStack() as until_the_end:
        if request.param == "memory":
            url = "memory://"
        elif request.param == "sqlite":
            url = f"sqlite+aiosqlite:///{tmp_path}/library.db"
        else:
            url = until_the_end.enter_context(postgres_servers.empty_database(request.param))
        async with open_library(url) as library:
            yield library


def book(new: NewBook) -> Book:
    return Book.register(new, at=NOON)


def isbn(number: int) -> Isbn:
    return Isbn(f"isbn{number}")


async def source(*values: NewBook | NewShelf) -> AsyncIterator[list[Numbered[NewBook | NewShelf]]]:
    yield [Numbered(line, value) for line, value in enumerate(values, 1)]


async def load(library: Library, *books: NewBook) -> Loaded:
    async with library.unit_of_work() as uow:
        loaded: Loaded = await uow.books.load(source(*books), NOON, 100)
        await uow.commit()
    return loaded


async def isbns(library: Library) -> list[str | None]:
    return [one.isbn async for batch in library.books.iterate_all() for one in batch]


class TestValues:
    async def test_of_every_type_are_stored_and_read_back(self, library: Library) -> None:
        shelf_id = await library.shelf()
        full = NewBook(isbn(1), shelf_id, 7, Binding.SOFT, Decimal("12.30"))
        await library.add(full, NewBook())
        async with library.unit_of_work() as uow:
            stored, empty = await uow.books.get(BookId(1)), await uow.books.get(BookId(2))
        assert NewBook(stored.isbn, stored.shelf_id, stored.place, stored.binding, stored.price) == full
        assert type(stored.binding) is Binding
        assert (empty.isbn, empty.shelf_id, empty.place) == (None, None, None)
        view = await library.books.get(BookId(1))
        assert view == (1, "isbn1", shelf_id.value, 7, Binding.SOFT, Decimal("12.30"), NOON, NOON)

    async def test_are_loaded_as_they_are_added(self, library: Library) -> None:
        shelf_id = await library.shelf()
        full = NewBook(Isbn("a\\b\tc"), shelf_id, 7, Binding.SOFT, Decimal("12.30"))
        assert await load(library, full, NewBook()) == Loaded(2, 0, ())
        view = await library.books.get(BookId(1))
        assert view == (1, "a\\b\tc", shelf_id.value, 7, Binding.SOFT, Decimal("12.30"), NOON, NOON)
        assert (await library.books.get(BookId(2))).isbn is None

    async def test_can_be_filtered_and_sorted_by(self, library: Library) -> None:
        shelf_id = await library.shelf()
        await library.add(
            NewBook(isbn(1), shelf_id, price=Decimal(1)),
            NewBook(isbn(2), shelf_id, price=Decimal(3), binding=Binding.SOFT),
            NewBook(price=Decimal(2)),
        )
        for where, ids in (
            (BookFilter(), [2, 3, 1]),
            (BookFilter(shelf_id=shelf_id), [2, 1]),
            (BookFilter(isbn=isbn(1)), [1]),
            (BookFilter(binding=Binding.HARD), [3, 1]),
            (BookFilter(created_after=NOON), []),
        ):
            found = await library.books.list(where, BookSort.PRICE_DESCENDING, 10, None)
            assert [one.id for one in found.items] == ids
            assert await library.books.count(where) == len(ids)
        first = await library.books.list(BookFilter(), BookSort.PRICE_DESCENDING, 1, None)
        rest = await library.books.list(BookFilter(), BookSort.PRICE_DESCENDING, 5, first.next)
        assert [one.id for one in rest.items] == [3, 1]


class TestIdentity:
    async def test_of_entities_that_were_added_is_kept_when_they_are_got(self, library: Library) -> None:
        together, alone = [book(NewBook(isbn(n))) for n in range(3)], book(NewBook())
        async with library.unit_of_work() as uow:
            await uow.books.add_all(together)
            await uow.books.add(alone)
            for one in (*together, alone):
                assert await uow.books.get(one.id) is one
            together[1].price = Decimal(9)
            await uow.commit()
        assert (await library.books.get(together[1].id)).price == Decimal(9)

    async def test_of_an_entity_that_was_got_is_kept_when_others_are_added(self, library: Library) -> None:
        await library.add(NewBook(isbn(1)))
        async with library.unit_of_work() as uow:
            got = await uow.books.get(BookId(1))
            await uow.books.add_all([book(NewBook(isbn(2)))])
            await uow.books.load(source(NewBook(isbn(3))), NOON, 1)
            assert await uow.books.get(BookId(1)) is got


class TestUniqueValues:
    async def test_are_each_refused_with_their_own_error(self, library: Library) -> None:
        shelf_id = await library.shelf()
        await library.add(NewBook(isbn(1), shelf_id, 1))
        with pytest.raises(IsbnTaken) as taken:
            await library.add(NewBook(isbn(1)))
        assert taken.value.args == (isbn(1),)
        with pytest.raises(PlaceTaken) as occupied:
            await library.add(NewBook(isbn(2), shelf_id, 1))
        assert occupied.value.args == (shelf_id, 1)

    async def test_that_are_missing_are_no_duplicates(self, library: Library) -> None:
        shelf_id = await library.shelf()
        await library.add(NewBook(), NewBook(), NewBook(None, shelf_id), NewBook(None, shelf_id))
        async with library.unit_of_work() as uow:
            await uow.books.add_all([book(NewBook()), book(NewBook(None, shelf_id))])
            await uow.commit()
        assert await load(library, NewBook(), NewBook(None, shelf_id)) == Loaded(2, 0, ())
        assert await library.books.count(BookFilter()) == 8

    async def test_of_several_are_named_by_position_or_as_the_first_of_them(self, library: Library) -> None:
        shelf_id = await library.shelf()
        await library.add(NewBook(isbn(1), shelf_id, 1))
        async with library.unit_of_work() as uow:
            with pytest.raises(IsbnsTaken) as taken:
                await uow.books.add_all([book(NewBook(isbn(n))) for n in (2, 1, 3, 2)])
            assert taken.value.positions == (1, 3)
        async with library.unit_of_work() as uow:
            with pytest.raises(PlaceTaken) as occupied:
                await uow.books.add_all([book(NewBook(None, shelf_id, place)) for place in (2, 1, 2)])
            assert occupied.value.args == (shelf_id, 1)

    async def test_leave_out_of_a_load_each_line_that_repeats_any_of_them(self, library: Library) -> None:
        shelf_id = await library.shelf()
        await library.add(NewBook(isbn(1), shelf_id, 1))
        lines = [
            NewBook(isbn(1), shelf_id, 2),
            NewBook(isbn(2), shelf_id, 1),
            NewBook(isbn(3), shelf_id, 3),
            NewBook(isbn(3), shelf_id, 4),
            NewBook(isbn(4), shelf_id, 3),
            NewBook(isbn(5), shelf_id, 5),
        ]
        assert await load(library, *lines) == Loaded(2, 4, (1, 2, 4, 5))
        assert await isbns(library) == ["isbn1", "isbn3", "isbn5"]

    async def test_are_refused_by_the_commit_of_a_change(self, library: Library) -> None:
        await library.add(NewBook(isbn(1)), NewBook(isbn(2)))
        async with library.unit_of_work() as uow:
            (await uow.books.get(BookId(2))).isbn = isbn(1)
            with pytest.raises(IsbnTaken):
                await uow.commit()

    async def test_that_an_entity_gave_up_are_free_in_the_same_unit_of_work(self, library: Library) -> None:
        await library.add(NewBook(isbn(1)))
        async with library.unit_of_work() as uow:
            (await uow.books.get(BookId(1))).isbn = isbn(2)
            await uow.books.add(book(NewBook(isbn(1))))
            await uow.commit()
        assert await isbns(library) == ["isbn2", "isbn1"]

    async def test_none_of_which_there_are_need_no_rule(self, library: Library) -> None:
        async with library.unit_of_work() as uow:
            await uow.shelves.add_all([Shelf.register(NewShelf("A"), at=NOON) for _ in range(2)])
            assert await uow.shelves.load(source(NewShelf("A"), NewShelf("A")), NOON, 9) == Loaded(2, 0, ())
            await uow.commit()
        assert [(one.id, one.label) async for batch in library.shelves.iterate_all() for one in batch] == [
            (number, "A") for number in range(1, 5)
        ]


class TestReferences:
    async def test_to_what_does_not_exist_are_refused(self, library: Library) -> None:
        await library.shelf()
        with pytest.raises(ShelfNotFound) as missing:
            await library.add(NewBook(isbn(1), NO_SHELF))
        assert missing.value.shelf_id == NO_SHELF
        async with library.unit_of_work() as uow:
            with pytest.raises(ShelfNotFound):
                await uow.books.add_all([book(NewBook(isbn(1), NO_SHELF))])
        with pytest.raises(ShelfNotFound):
            await load(library, NewBook(isbn(1)), NewBook(isbn(2), NO_SHELF))
        assert await isbns(library) == []

    async def test_that_are_changed_to_what_does_not_exist_are_refused_by_the_commit(self, library: Library) -> None:
        await library.add(NewBook(isbn(1)))
        async with library.unit_of_work() as uow:
            (await uow.books.get(BookId(1))).shelf_id = NO_SHELF
            with pytest.raises(ShelfNotFound):
                await uow.commit()

    async def test_to_what_the_same_unit_of_work_has_added_are_kept(self, library: Library) -> None:
        async with library.unit_of_work() as uow:
            shelf = Shelf.register(NewShelf("A"), at=NOON)
            await uow.shelves.add(shelf)
            await uow.books.add(book(NewBook(isbn(1), shelf.id)))
            await uow.commit()
        assert (await library.books.get(BookId(1))).shelf_id == shelf.id.value

    async def test_keep_what_they_refer_to_from_being_removed(self, library: Library) -> None:
        shelf_id = await library.shelf()
        await library.add(NewBook(isbn(1), shelf_id))
        with pytest.raises(ShelfInUse):
            await remove_shelf(library, shelf_id)
        assert (await library.shelves.get(shelf_id)).label == "A"

    async def test_that_are_given_up_let_it_be_removed(self, library: Library) -> None:
        shelf_id = await library.shelf()
        await library.add(NewBook(isbn(1), shelf_id), NewBook(isbn(2), shelf_id))
        async with library.unit_of_work() as uow:
            (await uow.books.get(BookId(1))).shelf_id = None
            await uow.books.remove(await uow.books.get(BookId(2)))
            await uow.shelves.remove(await uow.shelves.get(shelf_id))
            await uow.commit()
        with pytest.raises(ShelfNotFound):
            await library.shelves.get(shelf_id)

    async def test_and_a_removal_at_the_same_time_leave_nothing_dangling(self, library: Library) -> None:
        shelf_id = await library.shelf()
        outcomes = await asyncio.gather(
            remove_shelf(library, shelf_id), library.add(NewBook(isbn(1), shelf_id)), return_exceptions=True
        )
        assert sum(outcome is None for outcome in outcomes) == 1
        [failed] = [outcome for outcome in outcomes if outcome is not None]
        assert isinstance(failed, ShelfInUse | ShelfNotFound)
        assert len(await isbns(library)) == int(outcomes[1] is None)

    async def test_to_what_another_unit_of_work_removes_first_are_refused_by_the_commit(self) -> None:
        # In memory nothing waits.
        async with open_library("memory://") as library:
            shelf_id = await library.shelf()
            async with library.unit_of_work() as uow:
                await uow.shelves.get(shelf_id)
                await uow.books.add(book(NewBook(isbn(1), shelf_id)))
                await remove_shelf(library, shelf_id)
                with pytest.raises(ShelfNotFound):
                    await uow.commit()


async def test_work_after_a_commit_is_a_transaction_of_its_own(library: Library) -> None:
    async with library.unit_of_work() as uow:
        await uow.books.add(book(NewBook(isbn(1))))
        await uow.commit()
        await uow.books.add(book(NewBook(isbn(2))))
        await uow.commit()
        await uow.books.add(book(NewBook(isbn(3))))
    assert await isbns(library) == ["isbn1", "isbn2"]


async def remove_shelf(library: Library, shelf_id: ShelfId) -> None:
    async with library.unit_of_work() as uow:
        await uow.shelves.remove(await uow.shelves.get(shelf_id))
        await uow.commit()


async def test_a_value_that_is_not_one_of_an_enumeration_cannot_be_stored(empty_url: str) -> None:
    async with open_library(empty_url) as library:
        await library.add(NewBook())
        with connected(empty_url) as connection, pytest.raises(IntegrityError, match="ck_books_binding"):
            connection.execute(text("UPDATE books SET binding = 'folded'"))
