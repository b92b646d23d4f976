"""`--format github|gitlab|sarif`: what code hosts read, with places from the top of the checkout."""

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest

from git_checkout import commit_all
from lint_project import LintProject
from schema_tools.findings import Finding
from schema_tools.project import SchemaDocument, SchemaProject
from schema_tools.reporting.formats.github import workflow_commands
from schema_tools.reporting.formats.gitlab import code_quality
from schema_tools.reporting.formats.sarif import sarif_log
from schema_tools.reporting.locations import Location, Locations
from schema_tools.reporting.rules import all_rules
from schema_tools.reporting.selection import Reported
from schema_tools.testing.in_process import Done
from tool_commands import tools

# The official schema, as https://github.com/oasis-tcs/sarif-spec has it.
SARIF = jsonschema_rs.validator_for(json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text("utf-8")))
TABLES = """\
from sqlalchemy import JSON
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase): ...


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    more: Mapped[dict] = mapped_column(JSON)
"""


@pytest.fixture
def lint(tmp_path: Path) -> LintProject:
    """A project in a directory, whose name is no plain word, of a checkout; a fault in a revision, one in a table."""
    directory = tmp_path / "a shop, 100%"
    directory.mkdir()
    lint = LintProject.made(directory)
    lint.add('op.drop_column("members", "age")')
    (directory / "notes_of_shop.py").write_text(TABLES)
    commit_all(tmp_path)
    return lint


def run(lint: LintProject, *arguments: str) -> Done:
    return tools(*arguments, "--metadata", "notes_of_shop:Base", cwd=lint.directory)


def unescaped(text: str) -> str:
    """As GitHub's runner reads a value: the order of these matters."""
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def commands(output: str) -> list[dict[str, str]]:
    """The workflow commands, as GitHub's runner reads them."""
    found = []
    for line in output.splitlines():
        match = re.fullmatch(r"::(error|warning|notice) (.*?)::(.*)", line)
        assert match, line
        told = dict(pair.split("=", 1) for pair in match[2].split(","))
        found.append({name: unescaped(value) for name, value in {**told, "level": match[1], "text": match[3]}.items()})
    return found


@pytest.mark.parametrize("command", ["lint", "check", "verify"])
def test_github_gets_a_command_for_each_finding(lint: LintProject, command: str) -> None:
    done = run(lint, command, "--format", "github")
    as_json = json.loads(run(lint, command, "--format", "json").stdout)

    found = commands(done.stdout)
    of_json = as_json["findings"] if command != "check" else [f for one in as_json["checks"] for f in one["findings"]]
    assert (done.returncode, done.stderr) == (1, "")
    assert [one["title"] for one in found] == [one["rule"] for one in of_json]
    file = "a shop, 100%/alembic/versions/r001.py"
    rule = "drop-column" if command != "verify" else "no-op-downgrade"
    (fault,) = [one for one in found if one["title"] == rule and one.get("file") == file]
    assert fault["level"] == "error"
    assert fault["line"] == ("10" if rule == "drop-column" else "13")
    if command != "verify":
        assert fault["text"].splitlines()[-1] == 'op.drop_column("members", "age")'
        (weak,) = [one for one in found if one["title"] == "json-type"]
        assert (weak["level"], weak["file"], weak["line"]) == ("warning", "a shop, 100%/notes_of_shop.py", "8")
        assert any(one["level"] == "notice" for one in found)


def test_gitlab_gets_a_report_of_code_quality(lint: LintProject) -> None:
    done = run(lint, "lint", "--format", "gitlab")

    report = json.loads(done.stdout)
    assert done.returncode == 1
    for one in report:
        assert set(one) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert one["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert (lint.directory.parent / one["location"]["path"]).is_file()
        assert one["location"]["lines"]["begin"] >= 1
    assert len({one["fingerprint"] for one in report}) == len(report)
    severities = {one["check_name"]: one["severity"] for one in report}
    assert (severities["drop-column"], severities["json-type"], severities["missing-comment"]) == (
        "blocker", "minor", "info",
    )  # fmt: skip


def test_fingerprints_are_the_same_in_each_format_and_after_lines_moved(lint: LintProject) -> None:
    def fingerprints() -> tuple[list[str], list[str], list[str]]:
        as_json, gitlab, sarif = (
            json.loads(run(lint, "lint", "--format", name).stdout) for name in ("json", "gitlab", "sarif")
        )
        return (
            [one["fingerprint"] for one in as_json["findings"]],
            [one["fingerprint"] for one in gitlab],
            [one["partialFingerprints"]["schemaTools/v1"] for one in sarif["runs"][0]["results"]],
        )

    before = fingerprints()
    file = lint.directory / "alembic" / "versions" / "r001.py"
    file.write_text(f"# One more line.\n{file.read_text()}")

    assert before[0] == before[1] == before[2]
    assert fingerprints() == before


@pytest.mark.parametrize("command", ["lint", "check", "verify"])
def test_sarif_is_valid_by_the_official_schema(lint: LintProject, command: str) -> None:
    done = run(lint, command, "--format", "sarif")

    log = json.loads(done.stdout)
    SARIF.validate(log)
    assert done.returncode == 1
    (only,) = log["runs"]
    rules = [one["id"] for one in only["tool"]["driver"]["rules"]]
    for result in only["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"].startswith("a%20shop%2C%20100%25/")
    if command == "lint":
        (fault,) = [one for one in only["results"] if one["ruleId"] == "drop-column"]
        assert fault["level"] == "error"
        assert fault["locations"][0]["physicalLocation"]["region"] == {"startLine": 10}
        assert {one["level"] for one in only["results"]} == {"error", "warning", "note"}


def test_the_schema_refuses_what_is_not_sarif(lint: LintProject) -> None:
    log = json.loads(run(lint, "lint", "--format", "sarif").stdout)
    log["runs"][0]["results"][0]["level"] = "bad"

    assert not SARIF.is_valid(log)


def test_every_rule_can_stand_in_sarif(lint: LintProject) -> None:
    findings = [Finding(rule=one.name, place="somewhere", message="it is so") for one in all_rules()]

    log = sarif_log([Reported(one, str(number)) for number, one in enumerate(findings)], Locations(lint.project))

    SARIF.validate(log)
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert all(one["help"]["text"] and one["help"]["markdown"] for one in rules)


@pytest.mark.parametrize("name", ["github", "gitlab", "sarif"])
def test_a_clean_project_is_an_empty_report(tmp_path: Path, name: str) -> None:
    lint = LintProject.made(tmp_path)
    (tmp_path / "notes_of_shop.py").write_text("from sqlalchemy import MetaData\n\nBase = MetaData()\n")

    done = run(lint, "lint", "--format", name)

    assert (done.returncode, done.stderr) == (0, "")
    match name:
        case "github":
            assert done.stdout == ""
        case "gitlab":
            assert json.loads(done.stdout) == []
        case _:
            SARIF.validate(json.loads(done.stdout))


@pytest.mark.parametrize("name", ["github", "gitlab", "sarif"])
def test_what_could_not_run_is_one_sentence_on_standard_error(lint: LintProject, name: str) -> None:
    lint.add("this is no Python")

    done = run(lint, "lint", "--format", name)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_commands_of_github_are_escaped(lint: LintProject) -> None:
    finding = Finding(rule="json-type", place="a,b:c%", message="50%\r\n::error::", why="%0A", fix="x\ny")

    text = workflow_commands([Reported(finding, "1")], Locations(lint.project))

    assert text == ("::warning title=json-type::a,b:c%25: 50%25%0D%0A::error::%0Awhy: %250A%0Afix:%0Ax%0Ay\n")
    (command,) = commands(text)
    assert command["text"] == "a,b:c%: 50%\r\n::error::\nwhy: %0A\nfix:\nx\ny"


def test_places_that_are_in_no_file_are_shown_at_the_configuration(lint: LintProject) -> None:
    locations = Locations(lint.project)
    finding = Finding(rule="head-differs", place="column notes.title", message="it differs")
    ini = "a shop, 100%/alembic.ini"

    assert locations.of(finding) == Location(ini, 1, exact=False)
    (entry,) = code_quality([Reported(finding, "1")], locations)
    assert (entry["location"]["path"], entry["description"]) == (ini, "column notes.title: it differs")


def test_a_checkout_is_not_needed(tmp_path: Path) -> None:
    lint = LintProject.made(tmp_path)
    lint.add('op.drop_column("members", "age")')
    (tmp_path / "notes_of_shop.py").write_text(TABLES)

    found = commands(run(lint, "lint", "--format", "github").stdout)

    assert {one["file"] for one in found} == {"alembic/versions/r001.py", "notes_of_shop.py"}


def test_the_lock_and_the_document_are_found_where_they_are(tmp_path: Path) -> None:
    inner = tmp_path / "src" / "shop"
    inner.mkdir(parents=True)
    lint = LintProject.made(inner)
    (inner / "alembic.ini").rename(tmp_path / "alembic.ini")
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/src/shop/alembic\n")
    commit_all(tmp_path)
    document = SchemaDocument.of_any_project(tmp_path / "docs" / "schema.md", tables="t", migrations=Path("a.ini"))
    project = SchemaProject(metadata=lint.project.metadata, alembic_ini=tmp_path / "alembic.ini", document=document)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "schema.md").touch()

    def path(place: str) -> str:
        return Locations(project).of(Finding(rule="drop-column", place=place, message="")).path

    assert path("alembic/versions.lock:3") == "src/shop/alembic/versions.lock"
    assert path("alembic/versions/r000.py") == "src/shop/alembic/versions/r000.py"
    assert path("src/shop/alembic/versions/r000.py:9") == "src/shop/alembic/versions/r000.py"
    (inner / "alembic" / "versions.lock").touch()
    assert path("alembic/versions.lock:3") == "src/shop/alembic/versions.lock"
    assert path("schema.md") == "docs/schema.md"
