"""`docs/add-an-entity.md`, followed to the letter in a copy of the project, and counted."""

import shutil
from pathlib import Path

from newcomer import ROOT, copy_project, newcomer
from pages import follow

MAX_CREATED, MAX_EDITED = 12, 4
# The tests of the page itself, and those of ours that look at whatever entities there are.
TESTS = [
    "tests/unit/domain/test_products.py",
    "tests/unit/application/test_product_use_cases.py",
    "tests/contract/test_product_entity.py",
    "tests/resources/test_product_resource.py",
    "tests/architecture/test_circles.py",
    "tests/architecture/test_furniture.py",
    "tests/architecture/test_imports_of_storages.py",
    "tests/architecture/test_layers.py",
    "tests/architecture/test_names.py",
    "tests/openapi/test_openapi_document.py",
    "tests/openapi/test_schemathesis.py",
    "tests/e2e/test_strictness.py",
    "tests/migrations/test_example_rows.py",
]


def test_an_entity_added_as_the_page_says_keeps_every_promise(tmp_path: Path) -> None:
    copy = copy_project(tmp_path / "copy")
    if (ROOT / ".cache/mypy").is_dir():  # What has not changed need not be judged again.
        shutil.copytree(ROOT / ".cache/mypy", copy / ".cache/mypy")

    followed = follow((ROOT / "docs/add-an-entity.md").read_text(encoding="utf-8"), copy)

    by_hand, tests = followed.within("src"), followed.within("tests")
    counts = f"src: {len(by_hand.created)} created, {len(by_hand.edited)} edited; tests: {len(tests.created)} created"
    print(counts)  # noqa: T201 -- pytest shows it with -rP
    assert len(by_hand.created) <= MAX_CREATED
    assert len(by_hand.edited) <= MAX_EDITED
    assert {*followed.created, *followed.edited} == {*by_hand.created, *by_hand.edited, *tests.created}

    with newcomer(copy, "") as somebody:
        for command in ('make db-migrate m="create products"', "make check"):
            somebody.run(command)
        assert "`price` | NUMERIC(12, 2)" in (copy / "docs/database-schema.md").read_text(encoding="utf-8")
        somebody.run(f"TEST_POSTGRES=newest .venv/bin/python -m pytest -q -n2 --dist=worksteal {' '.join(TESTS)}")
