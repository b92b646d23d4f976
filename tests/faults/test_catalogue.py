"""The table of faults in docs/operations.md is that of the catalogue, and its tests are there."""

import re

import pytest

from faults.catalogue import FAULTS, PAGE, ROOT, Fault, page_with, table


def test_the_page_has_the_table_of_the_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_with(table()), "run `make faults`"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_row_names_tests_that_are_there(fault: Fault) -> None:
    for file, part in fault.tests:
        names = re.findall(r"def (\w+)\(", (ROOT / file).read_text(encoding="utf-8"))
        assert [name for name in names if part in name], f"{file} has no {part}"
