"""`docs/tenancy.md`, followed exactly, in a copy of the project, after `docs/add-an-entity.md`."""

import shutil
from pathlib import Path

from newcomer import ROOT, copy_project, newcomer
from pages import follow

# The tests of both pages, and those of ours that look at all tables.
TESTS = [
    "tests/unit/application/test_product_use_cases.py",
    "tests/contract/test_product_entity.py",
    "tests/contract/test_products_of_tenants.py",
    "tests/resources/test_product_resource.py",
    "tests/migrations/test_example_rows.py",
    "tests/migrations/test_head_and_mapping.py",
]


def test_an_entity_is_kept_for_each_tenant_as_the_page_says(tmp_path: Path) -> None:
    copy = copy_project(tmp_path / "copy")
    if (ROOT / ".cache/mypy").is_dir():  # What has not changed need not be judged again.
        shutil.copytree(ROOT / ".cache/mypy", copy / ".cache/mypy")
    for page in ("add-an-entity.md", "tenancy.md"):
        follow((ROOT / "docs" / page).read_text(encoding="utf-8"), copy)

    with newcomer(copy, "") as somebody:
        for command in ("make format", 'make db-migrate m="create products"', "make check"):
            somebody.run(command)
        [migration] = (copy / "alembic/versions").glob("*_create_products.py")
        text = migration.read_text(encoding="utf-8")
        for statement in ("products ENABLE ROW", "products FORCE ROW", "CREATE POLICY products_own_tenant"):
            assert text.count(statement) == 1, text
        assert "`(tenant_id, sku)`" in (copy / "docs/database-schema.md").read_text(encoding="utf-8")
        somebody.run(f"TEST_POSTGRES=newest .venv/bin/python -m pytest -q -n2 --dist=worksteal {' '.join(TESTS)}")
