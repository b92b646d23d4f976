"""squawk as a second opinion: where it speaks and we do not, there is a reason for it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from lint_cases import CASES
from lint_project import LintProject, rules_of
from schema_tools.lint.capture import compile_revision
from schema_tools.lint.rule import REVISION_RULES
from schema_tools.migrations.scripts import alembic_config, script_directory

# What the runner sets before each revision.
TIMEOUTS = "SET lock_timeout = '5s';\nSET statement_timeout = '15min';"

# squawk's rules that say what ours say.
COUNTERPARTS = {
    "adding-field-with-default": {"volatile-default", "identity-or-serial-column", "stored-generated-column"},
    "adding-foreign-key-constraint": {"foreign-key-without-not-valid"},
    "adding-not-nullable-field": {"set-not-null"},
    "adding-required-field": {"not-null-without-default"},
    "adding-serial-primary-key-field": {"primary-key-builds-index"},
    "ban-concurrent-index-creation-in-transaction": {"concurrently-in-transaction"},
    "ban-drop-column": {"drop-column"},
    "ban-drop-constraint": {"drop-constraint"},
    "ban-drop-default": {"default-changed"},
    "ban-drop-domain": {"drop-type"},
    "ban-drop-not-null": {"drop-not-null"},
    "ban-drop-schema": {"drop-schema"},
    "ban-drop-table": {"drop-table"},
    "ban-drop-type": {"drop-type"},
    "ban-drop-view": {"drop-view", "drop-table"},
    "ban-set-schema": {"rename-table"},
    "ban-truncate-cascade": {"cascade"},
    "changing-column-type": {"type-change-rewrites"},
    "constraint-missing-not-valid": {
        *("foreign-key-without-not-valid", "check-without-not-valid", "validate-with-add", "unique-builds-index"),
        *("primary-key-builds-index", "exclude-constraint", "set-not-null"),
    },
    "disallowed-unique-constraint": {"unique-builds-index"},
    "renaming-column": {"rename-column"},
    "renaming-object": {"rename-enum-value", "rename-schema"},
    "renaming-table": {"rename-table"},
    "require-concurrent-index-creation": {"index-not-concurrent"},
    "require-concurrent-index-deletion": {"drop-index-not-concurrent"},
    "require-concurrent-partition-detach": {"detach-not-concurrent"},
    "require-concurrent-reindex": {"reindex-not-concurrent"},
    "syntax-error": {"unparsable-sql"},
    "transaction-nesting": {"transaction-control"},
}

# Where squawk speaks and ours do not: (its rule, words of the statement) and why.
NEW_TABLE = "the revision itself made it, so nobody uses it yet"
NO_REWRITE = "the rows are stored as they were: PostgreSQL changes its catalog only, as the history of the type shows"
NEW_PART = "the revision itself added it, so no release that runs knows it"
COLUMN_GOES = "its column or table goes in the same transaction, under the same lock"
EXPLAINED = {
    ("adding-field-with-default", "DEFAULT seven()"): "the history shows that the function is immutable",
    ("adding-field-with-default", "VIRTUAL"): "a virtual column is computed when it is read; nothing is written",
    ("adding-foreign-key-constraint", "ADD COLUMN boss_id integer REFERENCES"): (
        "a new column without a default is null in every row, so PostgreSQL skips the scan"
    ),
    ("adding-not-nullable-field", "ALTER email SET NOT NULL"): "the history shows that it is NOT NULL already",
    ("ban-drop-column", "ALTER TABLE notes"): NEW_TABLE,
    ("ban-drop-column", "DROP COLUMN phone"): NEW_PART,
    ("ban-drop-constraint", "ADD CONSTRAINT ck_members_age"): "a constraint of the same name takes its place",
    ("ban-drop-constraint", "DROP CONSTRAINT ck_now"): NEW_PART,
    ("ban-drop-default", '"none"'): NEW_PART,
    ("ban-drop-not-null", "ALTER n DROP NOT NULL"): NEW_PART,
    ("renaming-column", "new_id"): NEW_PART,
    ("ban-drop-not-null", "ALTER name DROP NOT NULL"): "the history shows that it may be null already",
    ("ban-drop-table", "DROP TABLE notes"): NEW_TABLE,
    ("ban-drop-table", "CREATE TEMP TABLE"): NEW_TABLE,
    ("ban-drop-type", "CREATE TYPE size"): NEW_TABLE,
    ("ban-drop-view", "CREATE VIEW team_names"): "a view of the same name takes its place",
    ("changing-column-type", "TYPE varchar"): NO_REWRITE,
    ("changing-column-type", "TYPE text USING name::text"): NO_REWRITE,
    ("changing-column-type", "sa.String(300)"): NO_REWRITE,
    ("changing-column-type", "TYPE numeric"): NO_REWRITE,
    ("changing-column-type", "TYPE timestamp"): NO_REWRITE,
    ("prefer-bigint-over-int", ""): "a matter of how many rows there will be, which no tool knows",
    ("prefer-identity", ""): "serial-type says so, at the mapping",
    ("prefer-robust-stmts", "COMMIT"): "transaction-control says so: what is not committed by hand needs no IF EXISTS",
    ("prefer-text-field", ""): "a length is a rule of the domain, and widening it does not rewrite the table",
    ("prefer-timestamp-tz", ""): "timestamp-without-zone says so, at the mapping",
    ("renaming-column", "ALTER TABLE notes"): NEW_TABLE,
    ("renaming-table", "ALTER TABLE notes"): NEW_TABLE,
    ("renaming-table", "VIEW logs"): "a view of the old name takes its place in the same transaction",
    ("require-concurrent-index-creation", "ON ONLY events"): "it is on the parent alone, which has no rows",
    ("require-concurrent-index-deletion", "ON notes"): NEW_TABLE,
    ("require-concurrent-index-deletion", 'op.drop_column("members", "name")'): COLUMN_GOES,
    ("require-concurrent-index-deletion", "DROP TABLE members"): COLUMN_GOES,
    ("require-enum-value-ordering", ""): "where a value sorts is a matter of taste, and safe at the end",
}


@dataclass(frozen=True)
class Opinions:
    """What both say about a revision: ours, and squawk's."""

    body: str
    ours: frozenset[str]
    squawk: frozenset[str]
    is_example: bool
    is_unsafe: bool


def sql_of(lint: LintProject) -> str:
    """The SQL of the last revision, with the transactions that it runs in."""
    directory = script_directory(lint.project)
    script = directory.get_revision(lint.names[-1])
    compiled = compile_revision(script, directory, alembic_config(lint.project), lint.project.metadata)
    parts, inside = [TIMEOUTS, "BEGIN;"], True
    for one in compiled.emitted:
        if (one.transaction is not None) != inside:
            parts.append("COMMIT;" if inside else "BEGIN;")
            inside = not inside
        parts.append(one.sql)
    return "\n".join([*parts, "COMMIT;"] if inside else parts)


@pytest.fixture(scope="module")
def opinions(tmp_path_factory: pytest.TempPathFactory) -> list[Opinions]:
    directory = tmp_path_factory.mktemp("squawk")
    seen = {}
    for rule in REVISION_RULES:
        cases = CASES[rule.name]
        for number, body in enumerate((rule.example, *cases.unsafe, *cases.safe)):
            lint = LintProject.made(directory / f"{rule.name}-{number}")
            lint.add(body)
            file = directory / f"{rule.name}-{number}.sql"
            file.write_text(sql_of(lint))
            seen[str(file)] = (body, lint.findings(), number == 0, number <= len(cases.unsafe))
    squawk = Path(sys.executable).with_name("squawk")
    done = subprocess.run(
        [squawk, "--reporter", "json", "--pg-version", "15.0", *seen], capture_output=True, text=True, check=False
    )
    said: dict[str, set[str]] = {}
    for one in json.loads(done.stdout):
        said.setdefault(one["file"], set()).add(one["rule_name"])
    return [
        Opinions(body, frozenset(rules_of(ours)), frozenset(said.get(file, ())), is_example, is_unsafe)
        for file, (body, ours, is_example, is_unsafe) in seen.items()
    ]


def test_where_squawk_speaks_and_we_do_not_there_is_a_reason(opinions: list[Opinions]) -> None:
    used = set()
    unexplained = []
    for one in opinions:
        for rule in sorted(one.squawk):
            if one.ours & COUNTERPARTS.get(rule, set()):
                continue
            reasons = {key for key in EXPLAINED if key[0] == rule and key[1] in one.body}
            used |= reasons
            if not reasons:
                unexplained.append((rule, one.body))

    assert unexplained == []
    assert used == set(EXPLAINED), "these are no longer needed"


def test_every_counterpart_is_one_that_squawk_has_shown(opinions: list[Opinions]) -> None:
    assert set(COUNTERPARTS) <= {rule for one in opinions for rule in one.squawk}
    assert {name for names in COUNTERPARTS.values() for name in names} <= {rule.name for rule in REVISION_RULES}


def test_how_many_unsafe_operations_each_finds(opinions: list[Opinions]) -> None:
    def counts(chosen: list[Opinions]) -> tuple[int, int, int]:
        theirs = [one for one in chosen if one.squawk & set(COUNTERPARTS)]
        return len(chosen), sum(bool(one.ours) for one in chosen), len(theirs)

    # All of them, ours, squawk's: docs/decisions/0010 says so.
    assert counts([one for one in opinions if one.is_example]) == (50, 50, 30)
    assert counts([one for one in opinions if one.is_unsafe]) == (184, 184, 105)
