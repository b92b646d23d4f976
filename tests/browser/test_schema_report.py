"""What a person does with the report of the schema tools, in Chromium: looks, searches, follows links, compares."""

import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
import sqlalchemy as sa

from hostile_texts import HOSTILE, hostile_report, hostile_tables
from many_tables import many_tables
from node_packages import installed, run_node
from schema_tools.report.page import page
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from scratch_project import ScratchProject
from tool_commands import tools

HERE: Final = Path(__file__).parent
CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="it needs Chromium: apt-get install chromium")

TABLES: Final = """\
import sys

sys.path.insert(0, {tests!r})

from many_tables import many_tables
from sqlalchemy import Column, String

metadata = many_tables({count})
metadata.tables["orders"].append_column(Column("phone", String(20), comment="Phone number"))
"""


def with_a_phone(count: int) -> sa.MetaData:
    metadata = many_tables(count)
    metadata.tables["orders"].append_column(sa.Column("phone", sa.String(20), comment="Phone number"))
    return metadata


def seen_in(report: Path, table: str, column: str) -> dict[str, Any]:
    """What `schema-report.mjs` saw; see there. Pictures go to the directory that SCREENSHOTS names, if it does."""
    assert CHROMIUM is not None
    pictures = os.environ.get("SCREENSHOTS")
    asked = {"table": table, "column": column, "screenshots": pictures and f"{pictures}/{report.stem}"}
    # Below the packages, where the program finds what it imports.
    with TemporaryDirectory(dir=installed(HERE, "browser")) as below:
        shutil.copy(HERE / "schema-report.mjs", below)
        done = run_node("schema-report.mjs", CHROMIUM, report.as_uri(), json.dumps(asked), cwd=Path(below))
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.fixture(scope="module", params=[5, 150])
def count(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.fixture(scope="module")
def seen(count: int, postgres_servers: PostgresServers, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What was seen of the report of a project with so many tables, whose last revision adds a column."""
    directory = tmp_path_factory.mktemp(f"tables-{count}")
    project = ScratchProject.made(directory, postgres_servers.server(POSTGRES_NAMES[-1]))
    project.migrate(many_tables(count), "create tables")
    project.migrate(with_a_phone(count), "add phone to orders")
    tests = str(Path(many_tables.__code__.co_filename).parent)
    (directory / "tables.py").write_text(TABLES.format(tests=tests, count=count), "utf-8")
    done = tools("report", "-o", f"report-{count}.html", "--metadata", "tables:metadata", cwd=directory)
    assert (done.returncode, done.stderr) == (0, "")
    return seen_in(directory / f"report-{count}.html", "order_lines", "phone")


def test_the_page_loads_nothing_and_has_no_errors(seen: dict[str, Any]) -> None:
    assert seen["errors"] == []
    assert {url.partition("#")[0].rpartition("/")[2].rpartition(".")[2] for url in seen["requests"]} == {"html"}
    assert {url.partition(":")[0] for url in seen["requests"]} == {"file"}


def test_the_diagram_shows_every_table_and_every_foreign_key(seen: dict[str, Any], count: int) -> None:
    metadata = with_a_phone(count)
    keys = sum(len(table.foreign_key_constraints) for table in metadata.tables.values())

    assert (seen["tables"], seen["links"]) == (count, keys)
    assert seen["overlaps"] == []
    assert seen["sections"] == [["diagram"], ["tables"], ["diagram"]]


def test_the_diagram_is_zoomed_moved_and_shown_whole(seen: dict[str, Any]) -> None:
    assert seen["zoom"].pop("arrows") > 0
    assert seen["zoom"] == {"wheel": True, "buttons": True, "keys": True, "all": True}
    assert seen["drag"] == {"moved": True, "hash": ""}


def test_a_table_is_shown_with_its_neighbours(seen: dict[str, Any], count: int) -> None:
    keys = [key for table in with_a_phone(count).tables.values() for key in table.foreign_keys]
    pairs = [{key.parent.table.name, key.column.table.name} for key in keys]
    near = {"order_lines"}.union(*(pair for pair in pairs if "order_lines" in pair))

    assert set(seen["neighbours"]) == near


def test_the_search_finds_a_column_and_leads_to_a_table(seen: dict[str, Any]) -> None:
    assert seen["matches"] == ["orders.phone"]
    assert seen["marked"] == 1
    assert seen["nothing"] == "No table or column has this name."
    assert seen["found"] == {"hash": "#box-order_lines", "chosen": ["order_lines"], "centred": True}


def test_a_click_or_the_keyboard_leads_from_the_diagram_to_the_table(seen: dict[str, Any]) -> None:
    assert seen["clicked"]["hash"] == seen["entered"] == "#table-order_lines"
    assert 50 < seen["clicked"]["inView"] < 200
    assert seen["focused"] == "Table order_lines"
    for expected in ("Stores the order lines.", "order_id", "BIGINT", "not null", "ON DELETE", "Referred to by"):
        assert expected in seen["article"]


def test_a_table_is_in_the_middle_of_a_diagram_that_is_first_shown_for_it(seen: dict[str, Any]) -> None:
    assert seen["shownFromTables"] < 5


def test_two_revisions_differ_by_the_column_that_was_added_between_them(seen: dict[str, Any], count: int) -> None:
    added = {"cards": ["orders"], "items": ["added column phone character varying(20)"]}

    assert seen["differences"] == seen["ofRevision"] == added
    assert seen["exchanged"] == {"cards": ["orders"], "items": ["removed column phone character varying(20)"]}
    assert len(seen["fromNothing"]["cards"]) == count
    assert "added column order_id bigint, not null" in seen["fromNothing"]["items"]
    assert seen["same"] == "The two revisions have the same schema."
    assert ["add phone to orders" in row and "1 added" in row for row in seen["history"]] == [False, True]


def test_the_findings_are_shown(seen: dict[str, Any]) -> None:
    assert "missing-comment" in seen["findings"]
    assert "Checked: lint of the migrations, lint of the tables, verify." in seen["findings"]


def test_dark_and_light_pages_can_be_read(seen: dict[str, Any]) -> None:
    light, dark = seen["contrast"]["light"], seen["contrast"]["dark"]

    assert light["background"] != dark["background"]
    # https://www.w3.org/TR/WCAG22/#contrast-minimum
    assert min(light["least"], dark["least"]) >= 4.5


def test_a_phone_shows_every_part_within_its_width_and_pinches_the_diagram(seen: dict[str, Any]) -> None:
    assert seen["tooWide"] == []
    assert seen["pinch"] > 1.2


def test_a_print_has_every_part(seen: dict[str, Any]) -> None:
    assert seen["printed"] == ["diagram", "tables", "history", "differences", "findings"]


def test_hostile_names_are_shown_and_run_nothing(tmp_path: Path) -> None:
    report = tmp_path / "hostile.html"
    report.write_bytes(page(hostile_report(hostile_tables(), tmp_path)))

    seen = seen_in(report, HOSTILE[0], HOSTILE[1])

    assert (seen["errors"], seen["dialogs"], seen["overlaps"]) == ([], [], [])
    assert seen["tables"] == len(HOSTILE)
    assert HOSTILE[1] in seen["matches"]
    assert seen["found"]["chosen"] == [HOSTILE[0]]
    assert seen["entered"] == f"#table-{HOSTILE[0]}"
    assert len(seen["differences"]["cards"]) == len(HOSTILE)
    assert seen["tooWide"] == []
