"""Every kind of difference, made by hand in a live database, is named, and its fix removes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drifts.mutations import MUTATIONS, Playground, run, says
from schema_tools.catalog.comparing import differences
from schema_tools.catalog.objects import Catalog, Difference
from schema_tools.catalog.reading import read_catalog
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers

COMPARED = Path(__file__).parents[1] / "docs" / "drift-compared.md"
GROUPS = list(dict.fromkeys(mutation.group for mutation in MUTATIONS))


@pytest.fixture(scope="module", params=POSTGRES_NAMES)
def playground(request: pytest.FixtureRequest, postgres_servers: PostgresServers) -> Iterator[Playground]:
    with Playground.made(postgres_servers.server(request.param)) as made:
        yield made


@pytest.fixture(scope="module")
def untouched(playground: Playground) -> Catalog:
    catalog = read_catalog(playground.connection)
    assert differences(catalog, read_catalog(playground.connection)) == []
    playground.connection.rollback()
    return catalog


@pytest.mark.parametrize("group", GROUPS)
def test_a_mutation_is_named_and_its_fix_removes_it(playground: Playground, untouched: Catalog, group: str) -> None:
    for mutation in (one for one in playground.possible() if one.group == group):
        with playground.after(mutation) as connection:
            found = differences(untouched, read_catalog(connection))

            named = {(one.object, one.aspect): one for one in found}
            difference = named.pop((mutation.object, mutation.aspect), None)
            assert difference is not None, (mutation.name, list(named))
            assert says(mutation.expected, difference.expected), (mutation.name, difference)
            assert says(mutation.found, difference.found), (mutation.name, difference)
            assert all(_follows(one, mutation.others) for one in named.values()), (mutation.name, list(named))
            if mutation.fixes:
                run(connection, "\n".join(one.fix for one in found))
                left = differences(untouched, read_catalog(connection))
                assert left == [], (mutation.name, found, left)
            else:
                assert difference.fix.startswith("-- "), (mutation.name, difference.fix)


def _follows(one: Difference, others: tuple[tuple[str, str], ...]) -> bool:
    return any(one.object.startswith(label) and one.aspect.startswith(aspect) for label, aspect in others)


def test_each_mutation_has_a_name_of_its_own() -> None:
    names = [(mutation.group, mutation.name) for mutation in MUTATIONS]

    assert len(set(names)) == len(names)


def test_the_comparison_of_tools_has_every_mutation_and_counts_them() -> None:
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in COMPARED.read_text().splitlines()]
    *rows, totals = [row for row in cells if len(row) == 4][2:]

    assert [(group, name) for group, name, _, _ in rows] == [(one.group, one.name) for one in MUTATIONS]
    assert {ours for _, _, ours, _ in rows} == {"yes"}
    seen_by_alembic = sum(theirs == "yes" for _, _, _, theirs in rows)
    assert totals == ["**all**", str(len(MUTATIONS)), f"**{len(MUTATIONS)}**", f"**{seen_by_alembic}**"]
