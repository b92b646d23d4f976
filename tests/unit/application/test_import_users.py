"""Importing users. That every storage loads alike is the matter of the contract tests."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest

from application.users.create_user import CreateUser
from application.users.import_users import ImportUsers
from domain.users.email_address import EmailAddress
from domain.users.user import NewUser
from domain.users.user_name import UserName
from foundation.kernel.bulk_import import MAX_REPORTED, ImportRefused, ImportReport, OnConflict
from foundation.kernel.bulk_loading import Numbered
from in_memory import InMemoryService

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Refusal:
    """A rejected line; what is wrong with it is no concern of the application."""

    line: int


Line = Numbered[NewUser] | Refusal


def good(line: int, address: str) -> Numbered[NewUser]:
    return Numbered(line, NewUser(EmailAddress(f"{address}@example.com"), UserName("Ada")))


def bad(line: int) -> Refusal:
    return Refusal(line)


class Lines:
    """Lines that come in batches; `read` counts those that were asked for."""

    def __init__(self, *batches: Sequence[Line]) -> None:
        self._batches = batches
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[Sequence[Line]]:
        for batch in self._batches:
            self.read += len(batch)
            yield batch


async def refused(service: InMemoryService, lines: Lines) -> ImportReport[Refusal]:
    with pytest.raises(ImportRefused) as error:
        await service.import_all(ImportUsers(lines))
    return error.value.report


async def with_owner_of(address: str) -> InMemoryService:
    service = InMemoryService()
    await service.create(CreateUser(NewUser(EmailAddress(f"{address}@example.com"), UserName("Owner"))))
    return service


def addresses(service: InMemoryService) -> list[str]:
    return [user.email.removesuffix("@example.com") for user in service.stored.values()]


@pytest.mark.parametrize("on_conflict", OnConflict)
async def test_good_lines_are_imported_and_counted(on_conflict: OnConflict) -> None:
    service = InMemoryService()
    lines = Lines([good(1, "a"), good(2, "b")], [], [good(3, "c")])
    assert await service.import_all(ImportUsers(lines, on_conflict)) == ImportReport(3, 0, 0, (), ())
    assert addresses(service) == ["a", "b", "c"]


async def test_no_lines_import_nobody() -> None:
    assert await InMemoryService().import_all(ImportUsers(Lines())) == ImportReport(0, 0, 0, (), ())


class TestSkipping:
    async def test_leaves_out_taken_and_rejected_lines_and_imports_the_rest(self) -> None:
        service = await with_owner_of("b")
        lines = Lines([good(1, "a"), bad(2)], [bad(3)], [good(4, "b"), good(5, "c"), good(6, "a")])
        report = await service.import_all(ImportUsers(lines, OnConflict.SKIP))
        assert report == ImportReport(2, 2, 2, (4, 6), (bad(2), bad(3)))
        assert addresses(service) == ["b", "a", "c"]

    async def test_again_imports_nobody_anew(self) -> None:
        service = InMemoryService()
        for imported in (2, 0):
            report = await service.import_all(ImportUsers(Lines([good(1, "a"), good(2, "b")]), OnConflict.SKIP))
            assert (report.imported, report.taken) == (imported, 2 - imported)

    async def test_counts_all_and_names_the_first_hundred_of_each(self) -> None:
        service = await with_owner_of("a")
        lines = Lines([good(number, "a") for number in range(1, 151)], [bad(number) for number in range(151, 351)])
        report = await service.import_all(ImportUsers(lines, OnConflict.SKIP))
        assert (report.imported, report.taken, report.rejected) == (0, 150, 200)
        assert report.taken_lines == tuple(range(1, MAX_REPORTED + 1))
        assert report.rejected_lines == tuple(bad(number) for number in range(151, 151 + MAX_REPORTED))


class TestFailing:
    async def test_at_a_rejected_line_keeps_nothing_and_counts_every_rejected_line(self) -> None:
        service = InMemoryService()
        lines = Lines([good(1, "a")], [good(2, "b"), bad(3)], [good(4, "c"), bad(5)])
        report = await refused(service, lines)
        assert report == ImportReport(0, 0, 2, (), (bad(3), bad(5)))
        assert lines.read == 5
        assert addresses(service) == []

    async def test_at_a_taken_address_keeps_nothing_and_names_every_taken_line(self) -> None:
        service = await with_owner_of("b")
        report = await refused(service, Lines([good(1, "a"), good(2, "b")], [good(3, "a"), good(4, "c")]))
        assert report == ImportReport(0, 2, 0, (2, 3), ())
        assert addresses(service) == ["b"]

    async def test_at_both_names_the_rejected_lines(self) -> None:
        service = await with_owner_of("a")
        report = await refused(service, Lines([good(1, "a"), bad(2)]))
        assert report == ImportReport(0, 0, 1, (), (bad(2),))


async def test_a_source_that_breaks_is_heard_and_leaves_nothing() -> None:
    async def breaking() -> AsyncIterator[Sequence[Line]]:
        yield [good(1, "a")]
        raise ConnectionResetError

    service = InMemoryService()
    with pytest.raises(ConnectionResetError):
        await service.import_all(ImportUsers(breaking()))
    assert addresses(service) == []
