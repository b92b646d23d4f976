"""`docs/http-api.md` promises nothing that is not tested, and keeps nothing that is tested to itself."""

import pytest

from http_contract.conftest import STORAGES
from http_contract.problem_table import SLUGS
from http_contract.rules import ContractTest, contract_tests, faults, rules
from http_contract.transcripts import PAGE

EVERYWHERE = ContractTest(frozenset({"memory", "sqlite-id", "2-postgresql-18"}))
TESTS = {"test_a": EVERYWHERE, "test_b": ContractTest(frozenset({"memory"}), "'only memory forgets'")}
SOUND = "- A. <!-- test_a -->\n| x | y |\n|---|---|\n| 1 | 2 <!-- test_b test_a --> |\n- long\n  line <!-- test_a -->\n"
EXAMPLE = "tests/http_contract/test_the_page.py::test_a_sound_page_has_no_faults"
MADE_UP_STORAGES = ["memory", "sqlite", "postgresql-18"]


def test_every_rule_of_the_page_has_its_tests_and_every_test_its_rule(request: pytest.FixtureRequest) -> None:
    page = PAGE.read_text(encoding="utf-8")
    tests = contract_tests(item.nodeid for item in request.session.items)
    assert len(rules(page)) > 120
    assert len(tests) > 120
    assert faults(page, tests, STORAGES) == []


def test_the_page_explains_every_kind_of_problem_with_its_status() -> None:
    rows = [rule for rule in rules(PAGE.read_text(encoding="utf-8")) if rule.startswith("| `")]
    for slug, status in SLUGS.items():
        assert [row for row in rows if row.startswith(f"| `{slug}` | {status} |")], slug


def test_a_sound_page_has_no_faults() -> None:
    assert faults(SOUND, TESTS, MADE_UP_STORAGES) == []
    assert faults(f"{SOUND}- B <!-- {EXAMPLE} because it is so -->", TESTS, MADE_UP_STORAGES) == []


@pytest.mark.parametrize(
    ("page", "tests", "fault"),
    [
        (f"{SOUND}- C.\n", TESTS, "names no test: - C."),
        (f"{SOUND}| 3 | 4 |\n", TESTS, "names no test: | 3 | 4 |"),
        (f"{SOUND}- C. <!-- test_c -->\n", TESTS, "there is no test test_c"),
        (f"{SOUND}- C. <!-- tests/x.py::test_c because so -->\n", TESTS, "there is no test tests/x.py::test_c"),
        (f"{SOUND}- C. <!-- {EXAMPLE} -->\n", TESTS, f"says not why it is tested elsewhere: {EXAMPLE}"),
        (SOUND, TESTS | {"test_c": EVERYWHERE}, "is named by no rule: test_c"),
        (SOUND, TESTS | {"test_b": ContractTest(frozenset({"memory", "sqlite"}))},
         "test_b does not run on postgresql-18, and does not say why"),
        (SOUND, TESTS | {"test_a": ContractTest(EVERYWHERE.parameters, "'x'")},
         "test_a runs on every storage, and says why not"),
    ],
)  # fmt: skip
def test_a_fault_would_be_noticed(page: str, tests: dict[str, ContractTest], fault: str) -> None:
    assert faults(page, tests, MADE_UP_STORAGES) == [fault]
