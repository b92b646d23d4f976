"""Two entities that the service does not have: a book may stand on a shelf, and has more than one unique value."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

from sqlalchemy import Column, ForeignKey, Identity, Integer, MetaData, Numeric, String, Table, UniqueConstraint

from foundation.kernel.constraints import Reference, Unique
from foundation.kernel.entity import Entity
from foundation.kernel.errors import AlreadyTaken, NotFound, StillReferenced
from foundation.kernel.integer_id import IntegerId
from foundation.kernel.queries import SortOrder
from foundation.kernel.value_object import ValueObject
from foundation.kernel.views import view_of
from foundation.memory.adapter import InMemoryAdapter
from foundation.sqlalchemy.adapter import SqlAlchemyAdapter
from foundation.sqlalchemy.ddl import timestamped
from foundation.sqlalchemy.tables import created_at, idempotency_keys_table, known_choice, named_metadata, updated_at
from foundation.sqlalchemy.types import ChoiceType, ValueObjectType
from foundation.testing.clocks import NOON
from opened_storages import opened_storage


class ShelfId(IntegerId): ...


class BookId(IntegerId): ...


class Isbn(ValueObject[str]): ...


class Binding(StrEnum):
    HARD = "hard"
    SOFT = "soft"


class ShelfNotFound(NotFound):
    def __init__(self, shelf_id: ShelfId | None = None) -> None:
        super().__init__("There is no such shelf.")
        self.shelf_id = shelf_id


class ShelfInUse(StillReferenced): ...


class BookNotFound(NotFound): ...


class IsbnTaken(AlreadyTaken): ...


class IsbnsTaken(AlreadyTaken):
    def __init__(self, positions: tuple[int, ...]) -> None:
        super().__init__()
        self.positions = positions


class PlaceTaken(AlreadyTaken): ...


class NewShelf(NamedTuple):
    label: str


@dataclass(eq=False, kw_only=True)
class Shelf(Entity[ShelfId]):
    """No value of a shelf is unique."""

    id: ShelfId = field(init=False)
    label: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def register(cls, new: NewShelf, *, at: datetime) -> Self:
        return cls(label=new.label, created_at=at, updated_at=at)


class NewBook(NamedTuple):
    isbn: Isbn | None = None
    shelf_id: ShelfId | None = None
    place: int | None = None
    binding: Binding = Binding.HARD
    price: Decimal = Decimal("1.50")


@dataclass(eq=False, kw_only=True)
class Book(Entity[BookId]):
    """Its ISBN is unique, if it has one, and so is its place on its shelf."""

    id: BookId = field(init=False)
    isbn: Isbn | None
    shelf_id: ShelfId | None
    place: int | None
    binding: Binding
    price: Decimal
    created_at: datetime
    updated_at: datetime

    @classmethod
    def register(cls, new: NewBook, *, at: datetime) -> Self:
        return cls(**new._asdict(), created_at=at, updated_at=at)


class ShelfView(NamedTuple):
    id: int
    label: str
    created_at: datetime
    updated_at: datetime


class BookView(NamedTuple):
    id: int
    isbn: str | None
    shelf_id: int | None
    place: int | None
    binding: Binding
    price: Decimal
    created_at: datetime
    updated_at: datetime


class BookSort(SortOrder):
    ID = "id"
    PRICE_DESCENDING = "-price"


@dataclass(frozen=True, slots=True)
class BookFilter:
    shelf_id: ShelfId | None = None
    isbn: Isbn | None = None
    binding: Binding | None = None
    created_after: datetime | None = None


METADATA: Final[MetaData] = named_metadata()
KEYS: Final = idempotency_keys_table(METADATA, operation="POST /books", answer="[]")
SHELVES: Final = timestamped(
    Table(
        "shelves",
        METADATA,
        Column("id", ValueObjectType(ShelfId, Integer()), Identity(), primary_key=True),
        Column("label", String(50), nullable=False),
        created_at(),
        updated_at(),
        sqlite_autoincrement=True,
    )
)
BOOKS: Final = timestamped(
    Table(
        "books",
        METADATA,
        Column("id", ValueObjectType(BookId, Integer()), Identity(), primary_key=True),
        Column("isbn", ValueObjectType(Isbn, String(20)), unique=True),
        Column("shelf_id", ValueObjectType(ShelfId, Integer()), ForeignKey(SHELVES.c.id, ondelete="RESTRICT")),
        Column("place", Integer()),
        Column("binding", ChoiceType(Binding, 10), nullable=False),
        Column("price", Numeric(10, 2), nullable=False),
        created_at(),
        updated_at(),
        UniqueConstraint("shelf_id", "place"),
        known_choice("binding", Binding),
        sqlite_autoincrement=True,
    )
)

SHELF_REFERENCE: Final = Reference(missing=ShelfNotFound, in_use=ShelfInUse)
IN_MEMORY: Final[dict[str, InMemoryAdapter[Any, Any, Any]]] = {
    "shelves": InMemoryAdapter[Shelf, ShelfId, ShelfView](
        entity=Shelf, view=lambda shelf: view_of(ShelfView, shelf), new=Shelf.register, not_found=ShelfNotFound
    ),
    "books": InMemoryAdapter[Book, BookId, BookView](
        entity=Book,
        view=lambda book: view_of(BookView, book),
        new=Book.register,
        not_found=BookNotFound,
        unique={"isbn": Unique(IsbnTaken, IsbnsTaken), "shelf_id, place": Unique(PlaceTaken)},
        references={"shelf_id": ("shelves", SHELF_REFERENCE)},
    ),
}
IN_SQL: Final[dict[str, SqlAlchemyAdapter[Any, Any, Any]]] = {
    "shelves": SqlAlchemyAdapter[Shelf, ShelfId, ShelfView](
        entity=Shelf,
        table=SHELVES,
        version=SHELVES.c.updated_at,
        view=ShelfView,
        new=Shelf.register,
        not_found=ShelfNotFound,
    ),
    "books": SqlAlchemyAdapter[Book, BookId, BookView](
        entity=Book,
        table=BOOKS,
        version=BOOKS.c.updated_at,
        view=BookView,
        new=Book.register,
        not_found=BookNotFound,
        unique={
            "uq_books_isbn": Unique(IsbnTaken, IsbnsTaken),
            "uq_books_shelf_id_place": Unique(PlaceTaken),
        },
        references={"fk_books_shelf_id_shelves": SHELF_REFERENCE},
    ),
}


class Library:
    """The two entities on one storage."""

    def __init__(self, storage: Any) -> None:
        self.unit_of_work: Callable[[], Any] = storage.unit_of_work
        self.books: Any = storage.queries("books")
        self.shelves: Any = storage.queries("shelves")

    async def shelf(self) -> ShelfId:
        """The id of a new shelf."""
        shelf = Shelf.register(NewShelf("A"), at=NOON)
        async with self.unit_of_work() as uow:
            await uow.shelves.add(shelf)
            await uow.commit()
        return shelf.id

    async def add(self, *books: NewBook) -> None:
        """Add books one by one."""
        async with self.unit_of_work() as uow:
            for book in books:
                await uow.books.add(Book.register(book, at=NOON))
            await uow.commit()


@asynccontextmanager
async def open_library(url: str) -> AsyncIterator[Library]:
    """The entities on the storage at `url`; it is a new one, in which their tables are made."""
    async with opened_storage(url, METADATA, IN_MEMORY, IN_SQL) as storage:
        yield Library(storage)
