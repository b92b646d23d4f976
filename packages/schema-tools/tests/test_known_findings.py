"""The baseline: known findings are left out, wherever their lines move; it grows and shrinks by command only."""

import json
from pathlib import Path
from typing import Any

import pytest

from lint_project import LintProject
from schema_tools.findings import Finding
from schema_tools.reporting.baseline import Known, read_baseline
from schema_tools.reporting.fingerprints import Fingerprints
from schema_tools.testing.in_process import Done
from tool_commands import tools

TABLES = """\
from sqlalchemy import Column, Integer, JSON, MetaData, Table, Text

metadata = MetaData()
Table("notes", metadata, Column("id", Integer, primary_key=True), Column("body", Text), Column("more", JSON))
"""
NAME = ".schema-tools-baseline.json"


@pytest.fixture
def lint(tmp_path: Path) -> LintProject:
    """Findings of the lint, in revisions and tables, and of verify: two of them differ in their lines only."""
    lint = LintProject.made(tmp_path)
    lint.add('op.drop_index("ix_members_name")\nop.create_index("ix_members_name", "members", ["name"])')
    lint.add('op.execute("UPDATE members SET age = 1")\nop.execute("UPDATE members SET age = 1")')
    (tmp_path / "tables_of_notes.py").write_text(TABLES)
    return lint


def run(lint: LintProject, *arguments: str) -> Done:
    done = tools(*arguments, "--metadata", "tables_of_notes:metadata", cwd=lint.directory)
    assert "Traceback" not in done.stderr
    return done


def checked(lint: LintProject, *arguments: str) -> tuple[int, list[dict[str, Any]], dict[str, Any]]:
    """The status of `check`, its findings and the whole document."""
    done = run(lint, "check", "--format", "json", *arguments)
    assert done.stderr == ""
    document: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, [finding for one in document["checks"] for finding in one["findings"]], document


def test_what_is_written_is_left_out_by_every_command_and_counted(lint: LintProject) -> None:
    _, before, _ = checked(lint)

    written = run(lint, "check", "--write-baseline")

    assert written.returncode == 0
    assert f"written: {NAME} has {len(before)} findings: {len(before)} new, 0 removed" in written.stdout
    status, found, document = checked(lint)
    assert (status, found, document["left_out"], document["found_no_longer"]) == (0, [], {"known": len(before)}, [])
    text = run(lint, "check")
    assert text.stdout.splitlines()[-1] == f"left out: {len(before)} findings of {NAME}"
    for command in ("lint", "verify"):
        done = run(lint, command)
        assert (done.returncode, done.stderr) == (0, "")
        assert f" findings of {NAME}" in done.stdout


def test_the_file_has_a_line_for_each_finding_in_a_stable_order(lint: LintProject) -> None:
    run(lint, "check", "--write-baseline")
    path = lint.directory / NAME
    first = path.read_text()
    entries = read_baseline(path).entries

    assert len(first.splitlines()) == len(entries) + 5
    assert [(one.rule, one.place) for one in entries] == sorted((one.rule, one.place) for one in entries)
    assert len({one.fingerprint for one in entries}) == len(entries)
    known = Known._make(json.loads(first.splitlines()[3].strip().rstrip(",")).values())
    assert known == entries[0]
    assert not any(":10" in one.place for one in entries)
    path.unlink()
    run(lint, "check", "--write-baseline")
    assert path.read_text() == first
    run(lint, "check", "--write-baseline")
    assert path.read_text() == first


def test_known_findings_stay_known_when_lines_move_and_other_findings_come(lint: LintProject) -> None:
    run(lint, "check", "--write-baseline")
    for name in ("r001.py", "r002.py"):
        file = lint.directory / "alembic" / "versions" / name
        file.write_text(file.read_text().replace("def upgrade", "# A comment.\n\n\nROUNDS = 3\n\n\ndef upgrade"))
    (lint.directory / "tables_of_notes.py").write_text(
        TABLES.replace('Column("more"', 'Column("extra", Integer, nullable=False), Column("more"')
    )
    new = lint.add('op.drop_column("members", "balance")')

    status, found, _ = checked(lint)

    assert status == 1
    assert {(one["rule"], one["place"].partition(":")[0]) for one in found} == {
        ("missing-comment", "notes.extra"),
        ("drop-column", f"alembic/versions/{new.name}"),
        ("no-op-downgrade", f"alembic/versions/{new.name}"),
    }


def test_the_same_fault_once_more_is_a_finding(lint: LintProject) -> None:
    run(lint, "check", "--write-baseline")
    file = lint.directory / "alembic" / "versions" / "r002.py"
    statement = '    op.execute("UPDATE members SET age = 1")\n'
    text = file.read_text()
    assert text.count(statement) == 2
    file.write_text(text.replace(statement, statement * 2, 1))

    _, found, _ = checked(lint)

    assert {one["rule"] for one in found} == {"unbatched-update"}


def test_what_is_found_no_longer_is_reported_and_removed_by_command_only(lint: LintProject) -> None:
    run(lint, "check", "--write-baseline")
    path = lint.directory / NAME
    before = read_baseline(path).entries
    (lint.directory / "tables_of_notes.py").write_text(TABLES.replace("JSON))", "Text))"))

    status, found, document = checked(lint)
    assert (status, found) == (0, [])
    assert [(one["rule"], one["place"]) for one in document["found_no_longer"]] == [("json-type", "notes.more")]
    text = run(lint, "check").stdout
    assert f"1 known finding in {NAME} is not found any more:\n" in text
    assert "python -m schema_tools check --update-baseline" in text
    assert read_baseline(path).entries == before

    lint.add('op.drop_column("members", "balance")')
    updated = run(lint, "check", "--update-baseline")
    assert (updated.returncode, f"1 known finding removed from {NAME}" in updated.stdout) == (1, True)
    assert [one for one in before if one not in read_baseline(path).entries] == [
        one for one in before if one.rule == "json-type"
    ]
    assert len(read_baseline(path).entries) == len(before) - 1
    status, found, document = checked(lint)
    assert (status, {one["rule"] for one in found}, document["found_no_longer"]) == (
        1,
        {"drop-column", "no-op-downgrade"},
        [],
    )


def test_what_verify_could_not_look_for_is_not_taken_for_gone(lint: LintProject) -> None:
    run(lint, "check", "--write-baseline")
    file = lint.directory / "alembic" / "versions" / "r000.py"
    file.write_text(file.read_text().replace("def upgrade() -> None:\n", "def upgrade() -> None:\n    1 / 0\n"))

    _, found, document = checked(lint)

    assert "upgrade-fails" in {one["rule"] for one in found}
    assert not {one["rule"] for one in document["found_no_longer"]} & {"no-op-downgrade", "head-differs"}


def test_a_part_of_the_project_says_nothing_of_what_is_gone_and_writes_nothing(lint: LintProject) -> None:
    run(lint, "check", "--write-baseline")
    (lint.directory / "tables_of_notes.py").write_text(TABLES.replace("JSON))", "Text))"))

    _, _, document = checked(lint, "--rule", "drop-column")
    assert document["found_no_longer"] == []
    for part in (("--since", "r001"), ("--rule", "drop-column")):
        for option in ("--write-baseline", "--update-baseline"):
            done = run(lint, "check", option, *part)
            assert (done.returncode, done.stdout) == (2, "")
            assert "leave out --since and --rule" in done.stderr
    both = run(lint, "check", "--write-baseline", "--update-baseline")
    assert (both.returncode, both.stderr) == (
        2,
        "schema_tools: give --write-baseline or --update-baseline, not both\n",
    )


def test_the_place_of_the_file_is_a_setting(lint: LintProject) -> None:
    (lint.directory / "ci").mkdir()
    (lint.directory / "pyproject.toml").write_text('[tool.schema-tools]\nbaseline = "ci/known.json"\n')

    assert run(lint, "check", "--write-baseline").returncode == 0

    assert not (lint.directory / NAME).exists()
    assert run(lint, "lint").stdout.endswith(" findings of known.json\n")
    (lint.directory / "pyproject.toml").write_text('[tool.schema-tools]\nbaseline = "nowhere/known.json"\n')
    done = run(lint, "check", "--write-baseline")
    assert (done.returncode, "known.json cannot be written: No such file" in done.stderr) == (2, True)
    (lint.directory / "pyproject.toml").write_text("[tool.schema-tools]\nbaseline = 1\n")
    done = run(lint, "lint")
    assert (done.returncode, "baseline in [tool.schema-tools] is a file" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("<<<<<<< HEAD\n", "Expecting value"),
        ("[]", 'it has no "version": 1'),
        ('{"version": 2, "findings": []}', 'it has no "version": 1'),
        ('{"version": 1}', 'it has no list of "findings"'),
        ('{"version": 1, "findings": [{"rule": "a"}]}', "has not all of rule, place, message, fingerprint"),
        ("\udcff", "codec can't decode"),
    ],
)
@pytest.mark.parametrize("arguments", [["lint"], ["verify"], ["check"], ["check", "--write-baseline"]])
def test_a_file_that_cannot_be_read_is_one_sentence(
    lint: LintProject, arguments: list[str], content: str, why: str
) -> None:
    (lint.directory / NAME).write_bytes(content.encode(errors="surrogateescape"))

    done = run(lint, *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
    assert done.stderr.count("\n") == 1
    assert (lint.directory / NAME).read_bytes() == content.encode(errors="surrogateescape")


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("loses 3 of 8 rows of t1", "loses 5 of 9 rows of t1", True),
        ("loses 3 of 8 rows of t1", "loses 3 of 8 rows of t2", False),
        (
            'leaves 1 of 8 values of t.c changed: "a" became "b"',
            "leaves 2 of 8 values of t.c changed: 1 became 2",
            True,
        ),
    ],
)
def test_numbers_and_values_of_a_rehearsal_do_not_count(before: str, after: str, *, same: bool) -> None:
    def fingerprint(message: str, rule: str = "rows-lost") -> str:
        return Fingerprints().next(Finding(rule=rule, place="v/a.py:3", message=message))

    assert (fingerprint(before) == fingerprint(after)) is same
    assert fingerprint(before, "drop-column") != fingerprint(after, "drop-column")
