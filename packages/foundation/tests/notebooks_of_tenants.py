"""Two entities that are kept for each tenant, one of which refers to the other, and one that all tenants share."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Identity, Integer, String, Table, UniqueConstraint

from foundation.kernel.constraints import Reference, Unique
from foundation.kernel.entity import Entity
from foundation.kernel.errors import AlreadyTaken, NotFound, StillReferenced
from foundation.kernel.integer_id import IntegerId
from foundation.kernel.queries import SortOrder
from foundation.kernel.views import view_of
from foundation.memory.adapter import InMemoryAdapter
from foundation.sqlalchemy.adapter import SqlAlchemyAdapter
from foundation.sqlalchemy.ddl import timestamped
from foundation.sqlalchemy.tables import created_at, idempotency_keys_table, named_metadata, updated_at
from foundation.sqlalchemy.tenancy import per_tenant, tenant_id
from foundation.sqlalchemy.types import ValueObjectType
from foundation.testing.clocks import NOON
from opened_storages import opened_storage


class ColourId(IntegerId): ...


class NotebookId(IntegerId): ...


class NoteId(IntegerId): ...


class ColourNotFound(NotFound): ...


class NotebookNotFound(NotFound): ...


class NoteNotFound(NotFound): ...


class ColourInUse(StillReferenced): ...


class NotebookInUse(StillReferenced): ...


class TitleTaken(AlreadyTaken): ...


class NewColour(NamedTuple):
    name: str


class NewNotebook(NamedTuple):
    colour_id: ColourId | None = None


class NewNote(NamedTuple):
    title: str
    notebook_id: NotebookId | None = None


@dataclass(eq=False, kw_only=True)
class Colour(Entity[ColourId]):
    """All tenants have the same ones."""

    id: ColourId = field(init=False)
    name: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def register(cls, new: NewColour, *, at: datetime) -> Self:
        return cls(name=new.name, created_at=at, updated_at=at)


@dataclass(eq=False, kw_only=True)
class Notebook(Entity[NotebookId]):
    id: NotebookId = field(init=False)
    colour_id: ColourId | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def register(cls, new: NewNotebook, *, at: datetime) -> Self:
        return cls(colour_id=new.colour_id, created_at=at, updated_at=at)


@dataclass(eq=False, kw_only=True)
class Note(Entity[NoteId]):
    """Its title is unique, and it may be in a notebook."""

    id: NoteId = field(init=False)
    title: str
    notebook_id: NotebookId | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def register(cls, new: NewNote, *, at: datetime) -> Self:
        return cls(title=new.title, notebook_id=new.notebook_id, created_at=at, updated_at=at)


class ColourView(NamedTuple):
    id: int
    name: str
    created_at: datetime
    updated_at: datetime


class NotebookView(NamedTuple):
    id: int
    colour_id: int | None
    created_at: datetime
    updated_at: datetime


class NoteView(NamedTuple):
    id: int
    title: str
    notebook_id: int | None
    created_at: datetime
    updated_at: datetime


class NoteSort(SortOrder):
    ID = "id"
    UPDATED_AT_DESCENDING = "-updated_at"


@dataclass(frozen=True, slots=True)
class NoteFilter:
    title: str | None = None
    created_after: datetime | None = None


METADATA: Final = named_metadata()
idempotency_keys_table(METADATA, operation="POST /notes", answer="[]")


def _table(name: str, kind: type[IntegerId], *columns: Any) -> Table:
    key: Column[Any] = Column("id", ValueObjectType(kind, Integer()), Identity(), primary_key=True)
    return timestamped(Table(name, METADATA, key, *columns, created_at(), updated_at(), sqlite_autoincrement=True))


COLOURS: Final = _table("colours", ColourId, Column("name", String(50), nullable=False))
NOTEBOOKS: Final = per_tenant(
    _table(
        "notebooks",
        NotebookId,
        tenant_id(),
        Column("colour_id", ValueObjectType(ColourId, Integer()), ForeignKey(COLOURS.c.id, ondelete="RESTRICT")),
    )
)
NOTES: Final = per_tenant(
    _table(
        "notes",
        NoteId,
        tenant_id(),
        Column("title", String(50), nullable=False),
        Column("notebook_id", ValueObjectType(NotebookId, Integer())),
        UniqueConstraint("tenant_id", "title"),
        ForeignKeyConstraint(
            ["tenant_id", "notebook_id"], ["notebooks.tenant_id", "notebooks.id"], ondelete="RESTRICT"
        ),
    )
)

_COLOUR: Final = Reference(missing=lambda *_id: ColourNotFound(), in_use=ColourInUse)
_NOTEBOOK: Final = Reference(missing=lambda *_id: NotebookNotFound(), in_use=NotebookInUse)
IN_MEMORY: Final[dict[str, InMemoryAdapter[Any, Any, Any]]] = {
    "colours": InMemoryAdapter(
        entity=Colour, view=lambda one: view_of(ColourView, one), new=Colour.register, not_found=ColourNotFound
    ),
    "notebooks": InMemoryAdapter(
        entity=Notebook,
        view=lambda one: view_of(NotebookView, one),
        new=Notebook.register,
        not_found=NotebookNotFound,
        references={"colour_id": ("colours", _COLOUR)},
        per_tenant=True,
    ),
    "notes": InMemoryAdapter(
        entity=Note,
        view=lambda one: view_of(NoteView, one),
        new=Note.register,
        not_found=NoteNotFound,
        unique={"title": Unique(TitleTaken)},
        references={"notebook_id": ("notebooks", _NOTEBOOK)},
        per_tenant=True,
    ),
}
IN_SQL: Final[dict[str, SqlAlchemyAdapter[Any, Any, Any]]] = {
    "colours": SqlAlchemyAdapter(
        entity=Colour,
        table=COLOURS,
        version=COLOURS.c.updated_at,
        view=ColourView,
        new=Colour.register,
        not_found=ColourNotFound,
    ),
    "notebooks": SqlAlchemyAdapter(
        entity=Notebook,
        table=NOTEBOOKS,
        version=NOTEBOOKS.c.updated_at,
        view=NotebookView,
        new=Notebook.register,
        not_found=NotebookNotFound,
        references={"fk_notebooks_colour_id_colours": _COLOUR},
    ),
    "notes": SqlAlchemyAdapter(
        entity=Note,
        table=NOTES,
        version=NOTES.c.updated_at,
        view=NoteView,
        new=Note.register,
        not_found=NoteNotFound,
        unique={"uq_notes_tenant_id_title": Unique(TitleTaken)},
        references={"fk_notes_tenant_id_notebook_id_notebooks": _NOTEBOOK},
    ),
}


class Desk:
    """The entities on one storage."""

    def __init__(self, storage: Any) -> None:
        self.unit_of_work: Callable[[], Any] = storage.unit_of_work
        self.notes: Any = storage.queries("notes")
        self.notebooks: Any = storage.queries("notebooks")

    async def add(self, name: str, entity: Any) -> Any:
        """The id of the entity, which is stored."""
        async with self.unit_of_work() as uow:
            await getattr(uow, name).add(entity)
            await uow.commit()
        return entity.id

    async def notebook(self, colour_id: ColourId | None = None) -> NotebookId:
        """The id of a new notebook."""
        entity_id: NotebookId = await self.add("notebooks", Notebook.register(NewNotebook(colour_id), at=NOON))
        return entity_id


@asynccontextmanager
async def open_desk(url: str) -> AsyncIterator[Desk]:
    """The entities on the storage at `url`; it is a new one, in which their tables are made."""
    async with opened_storage(url, METADATA, IN_MEMORY, IN_SQL) as storage:
        yield Desk(storage)
