"""The files that the pages for people name are there."""

import re

import pytest

from architecture.sources import ROOT

PACKAGES = {"foundation": ROOT / "packages/foundation/src", "schema_tools": ROOT / "packages/schema-tools/src"}
PATH = re.compile(
    r"`((?:src|foundation|schema_tools|docs|tests|alembic|scripts)/[\w./-]+)`|\]\(((?!\w+:)[^)#]+)[^)]*\)"
)
# The pages that tell to create files are followed to the letter by tests of their own.
PAGES = [
    "docs/database-roles.md", "docs/operations.md",
    "README.md", "docs/a-request.md", "docs/http-api.md", "docs/database-schema.md", "packages/foundation/README.md",
    "packages/schema-tools/README.md", "packages/schema-tools/docs/live-databases.md",
]  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_a_file_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = {named or linked for named, linked in PATH.findall(text) if "<" not in named}

    def places(name: str) -> list[bool]:
        package = PACKAGES.get(name.partition("/")[0], ROOT)
        return [(directory / name).exists() for directory in (package, ROOT, (ROOT / page).parent)]

    assert [name for name in sorted(named) if not any(places(name))] == []
    assert named
