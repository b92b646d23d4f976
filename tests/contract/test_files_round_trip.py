"""A file that was exported is imported and exported again, and is the same, on every storage."""

from collections.abc import AsyncIterator, Callable

import pytest

from application.users.import_users import ImportUsers
from contract.storages import STORAGES, Service, Storages, open_service
from entrypoints.user_files import USER_FILES
from foundation.files.file_format import FileFormat
from foundation.files.reading import read_records
from foundation.files.writing import write_records

pytestmark = pytest.mark.anyio

NAMES = ("Ada Lovelace", "José Núñez", 'O"Neil, "The"', "=SUM(1)", "'+1", "'", "\U0001f469\u200d\U0001f680", "a\u2060b")
MANY = 3_000
PIECE = 60_000


async def import_all(service: Service, content: bytes, file_format: FileFormat) -> int:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), PIECE):
            yield content[start : start + PIECE]

    report = await service.import_all(ImportUsers(read_records(pieces(), file_format, USER_FILES)))
    imported: int = report.imported
    return imported


async def export_all(service: Service, file_format: FileFormat) -> bytes:
    pages = await service.export_all()
    return b"".join(
        [piece async for piece in write_records(pages, file_format, USER_FILES, tuple(USER_FILES.imported))]
    )


def ndjson(number: int) -> str:
    name = NAMES[number % len(NAMES)].replace('"', '\\"')
    return f'{{"email":"{"+" * (number % 2)}user{number}@example.com","name":"{name} {number}"}}\n'


@pytest.fixture
def fresh_url(request: pytest.FixtureRequest, storages: Storages) -> Callable[[], str]:
    """An empty storage each time, of the kind that the test is for."""
    return lambda: storages.fresh(request.param)


@pytest.mark.parametrize("fresh_url", STORAGES, indirect=True)
async def test_an_export_of_an_imported_export_is_the_same_file(fresh_url: Callable[[], str]) -> None:
    content = "".join(ndjson(number) for number in range(MANY)).encode()
    async with open_service(fresh_url()) as service:
        assert await import_all(service, content, FileFormat.NDJSON) == MANY
        assert await export_all(service, FileFormat.NDJSON) == content
        table = await export_all(service, FileFormat.CSV)
    async with open_service(fresh_url()) as service:
        assert await import_all(service, table, FileFormat.CSV) == MANY
        assert await export_all(service, FileFormat.CSV) == table
        assert await export_all(service, FileFormat.NDJSON) == content
