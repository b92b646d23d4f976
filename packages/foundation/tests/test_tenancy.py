"""Entities that are kept for each tenant, with references between them: see `notebooks_of_tenants`."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from foundation.kernel.access.principal import Principal, PrincipalKind, acting_as
from foundation.kernel.bulk_loading import Numbered
from foundation.kernel.errors import StorageMisconfigured
from foundation.kernel.views import view_of
from foundation.sqlalchemy.tables import named_metadata
from foundation.sqlalchemy.tenancy import check_tenancy, per_tenant, tenant_id
from foundation.testing.clocks import MICROSECOND, NOON
from foundation.testing.examples import EntityExamples
from foundation.testing.tenancy_contract import ONE, OTHER, TenancyContract
from notebooks_of_tenants import (
    Colour,
    ColourId,
    ColourInUse,
    ColourNotFound,
    Desk,
    NewColour,
    NewNote,
    Note,
    NotebookId,
    NotebookInUse,
    NotebookNotFound,
    NoteFilter,
    NoteId,
    NoteNotFound,
    NoteSort,
    NoteView,
    TitleTaken,
    open_desk,
)
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers


@pytest.fixture(params=["memory", "sqlite", *POSTGRES_NAMES])
async def service(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_servers: PostgresServers
) -> AsyncIterator[Desk]:
    with ExitStack() as until_the_end:
        if request.param == "memory":
            url = "memory://"
        elif request.param == "sqlite":
            url = f"sqlite+aiosqlite:///{tmp_path}/desk.db"
        else:
            url = until_the_end.enter_context(postgres_servers.empty_database(request.param))
        async with open_desk(url) as desk:
            yield desk


def change(note: Note, number: int, at: datetime) -> None:
    note.title, note.updated_at = f"Changed {number}", max(at, note.updated_at + MICROSECOND)


async def add_notebook(desk: Desk) -> None:
    await desk.notebook()


EXAMPLES: EntityExamples[Note, NewNote, NoteView] = EntityExamples(
    name="notes",
    id=NoteId,
    new=lambda number: NewNote(f"Note {number}"),
    make=lambda new, at: Note.register(new, at=at),
    view=lambda note: view_of(NoteView, note),
    change=change,
    not_found=NoteNotFound,
    taken=TitleTaken,
    queries=lambda desk: desk.notes,
    everything=NoteFilter(),
    filters=[(NoteFilter(title="Note 3"), lambda note: note.title == "Note 3")],
    orders=list(NoteSort),
    prepare=add_notebook,
    loads_in_bulk=True,
)


class TestNotesOfTenants(TenancyContract):
    examples = EXAMPLES


def note(title: str, notebook_id: NotebookId | None) -> Note:
    return Note.register(NewNote(title, notebook_id), at=NOON)


async def source(*notes: NewNote) -> AsyncIterator[list[Numbered[NewNote]]]:
    yield [Numbered(line, one) for line, one in enumerate(notes, 1)]


async def notebooks(desk: Desk) -> tuple[NotebookId, NotebookId]:
    """A notebook of each tenant."""
    with acting_as(ONE):
        mine = await desk.notebook()
    with acting_as(OTHER):
        others = await desk.notebook()
    return mine, others


@pytest.mark.anyio
class TestReferences:
    async def test_a_row_refers_to_rows_of_its_own_tenant(self, service: Desk) -> None:
        mine, others = await notebooks(service)
        with acting_as(ONE):
            await service.add("notes", note("Mine", mine))
            with pytest.raises(NotebookNotFound):
                await service.add("notes", note("Others", others))

    async def test_a_change_cannot_make_it_refer_to_a_row_of_another_tenant(self, service: Desk) -> None:
        mine, others = await notebooks(service)
        with acting_as(ONE):
            note_id = await service.add("notes", note("Mine", mine))
            async with service.unit_of_work() as uow:
                loaded = await uow.notes.get(note_id)
                loaded.notebook_id = others
                with pytest.raises(NotebookNotFound):
                    await uow.commit()

    async def test_a_load_cannot_refer_to_a_row_of_another_tenant(self, service: Desk) -> None:
        mine, others = await notebooks(service)
        with acting_as(ONE):
            async with service.unit_of_work() as uow:
                await uow.notes.load(source(NewNote("Mine", mine)), NOON, 100)
                await uow.commit()
            async with service.unit_of_work() as uow:
                with pytest.raises(NotebookNotFound):
                    await uow.notes.load(source(NewNote("Others", others)), NOON, 100)

    async def test_what_another_tenant_cannot_refer_to_is_removed(self, service: Desk) -> None:
        mine, others = await notebooks(service)
        with acting_as(ONE):
            await service.add("notes", note("Mine", mine))
        for tenant, notebook_id, ends in ((OTHER, others, None), (ONE, mine, NotebookInUse)):
            with acting_as(tenant):
                async with service.unit_of_work() as uow:
                    found = await uow.notebooks.get(notebook_id)
                    if ends is not None:
                        with pytest.raises(ends):
                            await uow.notebooks.remove(found)
                        continue
                    await uow.notebooks.remove(found)
                    await uow.commit()

    async def test_rows_of_tenants_refer_to_what_all_of_them_share(self, service: Desk) -> None:
        red: ColourId = await service.add("colours", Colour.register(NewColour("red"), at=NOON))
        for tenant in (ONE, OTHER):
            with acting_as(tenant):
                await service.notebook(red)
                with pytest.raises(ColourNotFound):
                    await service.notebook(ColourId(red.value + 1))
        async with service.unit_of_work() as uow:
            found = await uow.colours.get(red)
            with pytest.raises(ColourInUse):
                await uow.colours.remove(found)


class TestDeclarations:
    """What must be unique or found begins with the tenant, and so does a reference."""

    def test_a_unique_key_without_the_tenant_is_refused(self) -> None:
        with refused(r"^uq_invoices_number of the table invoices must begin with tenant_id\.$"):
            of_tenants("invoices", Column("number", Integer()), UniqueConstraint("number"))

    def test_a_unique_column_and_an_index_that_do_not_begin_with_the_tenant_are_refused(self) -> None:
        with refused("^ix_invoices_number_tenant_id and uq_invoices_number of the table"):
            of_tenants("invoices", Column("number", Integer(), unique=True), Index(None, "number", "tenant_id"))

    def test_a_table_with_a_tenant_that_nothing_keeps_apart_is_refused(self) -> None:
        table = Table("invoices", named_metadata(), Column("id", Integer(), primary_key=True), tenant_id())
        with refused(r"call per_tenant\(invoices\)"):
            check_tenancy(table)

    def test_an_expression_that_comes_first_is_no_tenant(self) -> None:
        with refused("^ix_labels of the table invoices must begin with tenant_id"):
            of_tenants("invoices", Column("label", String(9)), Index("ix_labels", text("lower(label)"), "tenant_id"))

    def test_a_primary_key_that_is_a_value_and_what_excludes_rows_of_others_are_refused(self) -> None:
        key: Column[Any] = Column("number", Integer(), primary_key=True)
        with refused("The primary key of the table invoices, which has tenant_id, must be its id"):
            per_tenant(Table("invoices", named_metadata(), key, tenant_id()))
        excluding = ExcludeConstraint(("number", "="), name="one_number")
        with refused("one_number of the table invoices must begin with tenant_id"):
            of_tenants("invoices", Column("number", Integer()), excluding)

    def test_a_reference_to_rows_of_tenants_without_the_tenant_is_refused(self) -> None:
        owners = of_tenants("owners")
        table = of_tenants("invoices", Column("owner_id", ForeignKey(owners.c.id)), metadata=owners.metadata)
        with refused("fk_invoices_owner_id_owners of the table invoices must begin with"):
            check_tenancy(table)

    def test_what_all_tenants_share_refers_to_no_row_of_a_tenant(self) -> None:
        owners = of_tenants("owners")
        owner: Column[Any] = Column("owner_id", ForeignKey(owners.c.id))
        table = Table("currencies", owners.metadata, Column("id", Integer(), primary_key=True), owner)
        with refused("fk_currencies_owner_id_owners of the table currencies must begin with"):
            check_tenancy(table)

    def test_a_reference_to_rows_that_all_share_needs_no_tenant(self) -> None:
        metadata = named_metadata()
        shared = Table("currencies", metadata, Column("id", Integer(), primary_key=True), Column("code", String(3)))
        reference: Column[Any] = Column("currency_id", ForeignKey(shared.c.id), index=True)
        check_tenancy(of_tenants("invoices", reference, metadata=metadata))
        check_tenancy(shared)


def refused(match: str) -> Any:
    return pytest.raises(StorageMisconfigured, match=match)


def of_tenants(name: str, *columns: Any, metadata: Any = None) -> Table:
    key = Column("id", Integer(), primary_key=True)
    return per_tenant(Table(name, metadata or named_metadata(), key, tenant_id(), *columns))


def test_what_a_principal_holds_is_its_own_in_each_tenant() -> None:
    def holder(subject: str, tenant: str | None) -> str:
        return Principal(PrincipalKind.TOKEN, subject, tenant=tenant).holder

    holders = [holder("ada", None), holder("ada", "acme"), holder("ada", "globex"), holder("adaa", "cme")]
    assert len(set(holders)) == len(holders)
    assert holders[0] == "token:ada"
    assert Principal(PrincipalKind.API_KEY, "ada", tenant="acme").holder not in holders
    assert all(len(holder("a" * size, "t" * 100)) <= 255 for size in (1, 255, 5000))
