"""Where a finding is, what waives it, and what the command answers."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bookshop.tables import metadata as bookshop
from lint_project import LintProject, rules_of
from schema_tools.cli.application import application
from schema_tools.cli.context import CommandContext
from schema_tools.errors import SchemaToolsError
from schema_tools.lint import lint_revisions, lint_tables, render_rules
from schema_tools.project import SchemaProject

PACKAGE = Path(__file__).parents[1]
DROP = 'op.drop_column("members", "age")'
REASON = "# lint: allow drop-column because no release that still runs uses it"


@pytest.fixture
def lint(tmp_path: Path) -> LintProject:
    return LintProject.made(tmp_path)


def test_the_bookshop_is_clean_and_judged_in_under_a_second() -> None:
    project = SchemaProject(metadata=bookshop, alembic_ini=PACKAGE / "tests" / "bookshop" / "alembic.ini")
    began = time.monotonic()

    assert lint_revisions(project) == []
    assert lint_tables(project.metadata) == []
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (f"pass\n\n{DROP}", 12),
        ('with op.batch_alter_table("members") as batch_op:\n    pass\n    batch_op.drop_column("age")', 12),
        ('op.execute(\n    "ALTER TABLE members "\n    "DROP COLUMN age"\n)', 10),
        ('def narrow() -> None:\n    op.drop_column("members", "age")\n\n\nnarrow()', 11),
        ('for name in ["age"]:\n    op.drop_column("members", name)', 11),
        ('op.execute("SELECT 1; ALTER TABLE members DROP COLUMN age")', 10),
    ],
)
def test_a_finding_names_the_line_of_the_operation(lint: LintProject, body: str, line: int) -> None:
    file = lint.add(body)

    (found,) = lint.findings()

    assert (found.rule, found.place) == ("drop-column", f"alembic/versions/{file.name}:{line}")


@pytest.mark.parametrize(
    "body",
    [
        f"{REASON}\n{DROP}",
        f"{DROP}  {REASON}",
        f"{REASON}\n# and nobody has asked for it\n{DROP}",
        f'op.drop_column(\n    "members",\n    "age",  {REASON}\n)',
        f'with op.batch_alter_table("members") as batch_op:\n    {REASON}\n    batch_op.drop_column("age")',
        f"{REASON}\nnarrow()",
        f'# lint: allow cascade because it was checked\n{REASON}\nop.execute("ALTER TABLE members DROP age CASCADE")',
    ],
)
def test_a_waiver_at_the_statement_allows_it(lint: LintProject, body: str) -> None:
    lint.add(body, before=f"def narrow() -> None:\n    {DROP}" if "narrow" in body else "")

    assert lint.findings() == []


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        (f"{REASON}\n\n{DROP}", {"drop-column", "unused-waiver"}),
        (f"# lint: allow drop-column\n{DROP}", {"waiver-without-reason"}),
        (f"# lint: allow drop-columns because nobody uses it\n{DROP}", {"drop-column", "unknown-waiver"}),
        (f"# lint: drop-column\n{DROP}", {"drop-column", "unknown-waiver"}),
        (f"{REASON}\npass", {"unused-waiver"}),
        (f"# lint: allow drop-table because nobody uses it\n{DROP}", {"drop-column", "unused-waiver"}),
        (
            f'with op.batch_alter_table("members") as batch_op:  {REASON}\n    batch_op.drop_index("ix_members_name")',
            {"drop-index-not-concurrent", "unused-waiver"},
        ),
    ],
)
def test_a_waiver_that_does_not_say_what_it_should_is_a_finding(lint: LintProject, body: str, rules: set[str]) -> None:
    lint.add(body)

    assert rules_of(lint.findings()) == rules


def test_what_cannot_be_compiled_is_a_finding_and_what_came_before_it_is_judged(lint: LintProject) -> None:
    file = lint.add(f'{DROP}\nif op.get_bind().execute(sa.text("SELECT 1")).scalar():\n    op.drop_table("logs")')

    found = lint.findings()

    assert [(one.rule, one.place) for one in found] == [
        ("drop-column", f"alembic/versions/{file.name}:10"),
        ("dynamic-sql", f"alembic/versions/{file.name}:11"),
    ]


def test_a_revision_that_raises_is_a_finding_and_the_others_are_judged(lint: LintProject) -> None:
    lint.add('op.add_column("members", sa.Column("phone", sa.Text()))')
    file = lint.add(
        f'{DROP}\nraise NotImplementedError("new databases are made\\n by create_all")\nop.drop_table("logs")'
    )
    last = lint.add('op.drop_column("members", "phone")')

    found = lint.findings()

    assert [(one.rule, one.place) for one in found] == [
        ("drop-column", f"alembic/versions/{file.name}:10"),
        ("upgrade-raises", f"alembic/versions/{file.name}:11"),
        ("drop-column", f"alembic/versions/{last.name}:10"),
    ]
    assert found[1].message == "this fails: NotImplementedError: new databases are made by create_all"


def test_a_file_that_is_no_python_is_one_sentence(lint: LintProject) -> None:
    lint.add("this is no Python")

    with pytest.raises(SchemaToolsError, match=r"r001\.py:10 failed"):
        lint.findings()


def test_the_whole_history_is_read_when_one_revision_is_judged(lint: LintProject) -> None:
    lint.add('op.execute("ALTER TABLE members ADD CONSTRAINT nn CHECK (name IS NOT NULL) NOT VALID")')
    lint.add('op.execute("ALTER TABLE members VALIDATE CONSTRAINT nn")')
    lint.add(DROP)
    lint.add('op.alter_column("members", "name", nullable=False)')

    assert lint_revisions(lint.project, ["r004"]) == []
    assert rules_of(lint_revisions(lint.project, ["r003"])) == {"drop-column"}
    with pytest.raises(SchemaToolsError, match="nowhere"):
        lint_revisions(lint.project, ["nowhere"])


def test_a_downgrade_is_not_judged(lint: LintProject) -> None:
    file = lint.add("pass")
    file.write_text(file.read_text().replace("def downgrade() -> None:\n    pass", f"def downgrade():\n    {DROP}"))

    assert lint_revisions(lint.project) == []


def test_an_environment_without_timeouts_is_a_finding(lint: LintProject) -> None:
    environment = lint.directory / "alembic" / "env.py"
    environment.write_text("from alembic import context\n\ncontext.configure(target_metadata=None)\n")

    (found,) = lint_revisions(lint.project)
    assert (found.rule, found.place) == ("no-timeouts", "alembic/env.py")

    environment.write_text(f"target_metadata = None\n{found.fix}\n")
    assert lint_revisions(lint.project) == []
    environment.write_text("SETTINGS = 'SET lock_timeout = 1; SET statement_timeout = 2'\n")
    assert lint_revisions(lint.project) == []


def test_the_document_of_the_rules_is_current() -> None:
    written = (PACKAGE / "docs" / "migration-rules.md").read_text(encoding="utf-8")

    assert written == render_rules(), (
        "run: python -m schema_tools lint --write-rules packages/schema-tools/docs/migration-rules.md"
    )


def test_the_command_says_rule_line_why_and_safe_form_and_its_status_is_0_1_or_2(lint: LintProject) -> None:
    errors: list[str] = []
    app = application(CommandContext(project=lambda: lint.project, database_url=str, say_error=errors.append))
    rules = lint.directory / "rules.md"

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["lint", *arguments])
        return done.exit_code, done.stdout

    assert run() == (0, "nothing unsafe in the migrations, nothing weak in the tables\n")
    lint.add(DROP)
    status, text = run("--revision", "r001")
    assert status == 1
    for part in ("alembic/versions/r001.py:10", "drop-column", "why: ", REASON, DROP):
        assert part in text
    status, text = run("--format", "json")
    assert status == 1
    assert [(one["rule"], one["group"]) for one in json.loads(text)["findings"]] == [("drop-column", "safety")]
    assert run("--write-rules", str(rules)) == (0, "")
    assert rules.read_text() == render_rules()
    assert errors == []

    lint.add("this is no Python")
    assert run() == (2, "")
    assert run("--write-rules", str(lint.directory / "nowhere" / "rules.md")) == (2, "")
    assert "r002.py:10 failed" in errors[0]
    assert errors[1].endswith("No such file or directory")


def test_without_the_parser_the_command_says_how_to_install_it() -> None:
    code = (
        "import sys; sys.modules['pglast'] = None\n"
        "from schema_tools.lint import lint_revisions\n"
        "from schema_tools.errors import SchemaToolsError\n"
        "try:\n    lint_revisions(None)\nexcept SchemaToolsError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "pip install pglast" in done.stdout
    assert "pip install pglast" in done.stdout
