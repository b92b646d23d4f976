"""A file that was exported is imported and exported again, and is the same, on every storage."""

from collections.abc import AsyncIterator, Callable

import pytest

from application.users.import_users import ImportUsers
from contract.storages import STORAGES, Service, Storages, open_service
from foundation.files.file_format import IMPORTED_FIELDS, Form
from foundation.files.reading import read_users
from foundation.files.writing import write_users

pytestmark = pytest.mark.anyio

NAMES = ("Ada Lovelace", "José Núñez", 'O"Neil, "The"', "=SUM(1)", "'+1", "'", "\U0001f469\u200d\U0001f680", "a\u2060b")
MANY = 3_000
PIECE = 60_000


async def import_all(service: Service, content: bytes, form: Form) -> int:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), PIECE):
            yield content[start : start + PIECE]

    report = await service.import_all(ImportUsers(read_users(pieces(), form)))
    imported: int = report.imported
    return imported


async def export_all(service: Service, form: Form) -> bytes:
    pages = await service.export_all()
    return b"".join([piece async for piece in write_users(pages, form, IMPORTED_FIELDS)])


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
        assert await import_all(service, content, Form.NDJSON) == MANY
        assert await export_all(service, Form.NDJSON) == content
        table = await export_all(service, Form.CSV)
    async with open_service(fresh_url()) as service:
        assert await import_all(service, table, Form.CSV) == MANY
        assert await export_all(service, Form.CSV) == table
        assert await export_all(service, Form.NDJSON) == content
