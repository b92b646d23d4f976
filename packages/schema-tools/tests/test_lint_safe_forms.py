"""The safe form of every rule really runs, over rows, on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, make_url, text

from lint_project import ROWS, LintProject
from schema_tools.lint.rule import REVISION_RULES, RevisionRule
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers

# It cannot run, so no safe form can be derived from it.
WITH_SAFE_FORM = [rule for rule in REVISION_RULES if rule.name not in {"unparsable-sql", "upgrade-raises"}]


@pytest.fixture(scope="module")
def at_base(postgres_servers: PostgresServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """A database at the base of the examples, with rows, on the oldest release, which can do the least."""
    with postgres_servers.empty_database(POSTGRES_NAMES[0]) as url:
        LintProject.made(tmp_path_factory.mktemp("base")).upgrade(url)
        with connected(url) as connection:
            connection.execute(text(ROWS))
        yield make_url(url)


@pytest.mark.parametrize("rule", WITH_SAFE_FORM, ids=lambda rule: rule.name)
def test_the_safe_form_runs_over_rows_and_leads_to_head(
    rule: RevisionRule, at_base: URL, postgres_servers: PostgresServers, tmp_path: Path
) -> None:
    unsafe = LintProject.made(tmp_path / "unsafe")
    unsafe.add(rule.example)
    (fix,) = {one.fix for one in unsafe.findings() if one.rule == rule.name}
    pasted = LintProject.made(tmp_path / "pasted")
    added = pasted.add_all(fix)
    server = postgres_servers.server(POSTGRES_NAMES[0])
    database = f"safe_form_{uuid4().hex}"
    url = server.create_database(database, at_base.database)
    try:
        done = pasted.upgrade(url)
        with connected(url) as connection:
            invalid = connection.execute(text("SELECT count(*) FROM pg_index WHERE NOT indisvalid")).scalar_one()
    finally:
        server.drop_database(database)

    assert done == added
    assert invalid == 0


@pytest.mark.parametrize(
    "constraint", ["UNIQUE (id, day)", "PRIMARY KEY (id, day)", "FOREIGN KEY (id) REFERENCES members"]
)
def test_what_is_advised_for_a_partitioned_table_runs_on_the_oldest_release(
    constraint: str, postgres_servers: PostgresServers, tmp_path: Path
) -> None:
    unsafe = LintProject.made(tmp_path / "unsafe")
    unsafe.add(f'op.execute("ALTER TABLE events ADD CONSTRAINT advised {constraint}")')
    fixes = sorted({one.fix for one in unsafe.findings()})
    for number, fix in enumerate(fixes):
        pasted = LintProject.made(tmp_path / str(number))
        pasted.add_all(fix)
        with postgres_servers.empty_database(POSTGRES_NAMES[0]) as url:
            pasted.upgrade(url)

    assert fixes


@pytest.mark.parametrize("name", POSTGRES_NAMES)
def test_what_a_safe_form_fills_is_filled_for_every_row(
    name: str, postgres_servers: PostgresServers, tmp_path: Path
) -> None:
    """The forms that write rows, each over 2,500 of them, which is two batches and a half."""
    pasted = LintProject.made(tmp_path / "pasted")
    for number, body in enumerate(
        (
            'op.add_column("members", sa.Column("token", sa.Uuid(), server_default=sa.text("gen_random_uuid()")))',
            'op.execute("ALTER TABLE members ADD COLUMN number serial")',
            'op.execute("ALTER TABLE members ADD initial text GENERATED ALWAYS AS (upper(left(name, 1))) STORED")',
            'op.alter_column("members", "age", type_=sa.BigInteger())',
            "op.execute(\"UPDATE members SET name = name || '!' WHERE id > 7\")",
            "op.execute(\"ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'\")",
            'op.execute("DELETE FROM logs WHERE number > 3")',
        )
    ):
        unsafe = LintProject.made(tmp_path / str(number))
        unsafe.add(body)
        (found,) = unsafe.findings()
        pasted.add_all(found.fix)
    with postgres_servers.empty_database(name) as url:
        pasted.upgrade(url, pasted.names[0])
        with connected(url) as connection:
            connection.execute(text(ROWS))
        pasted.upgrade(url)
        with connected(url) as connection:
            filled = connection.execute(
                text(
                    "SELECT count(*), count(DISTINCT token), count(DISTINCT number), min(initial), max(initial),"
                    " count(age_new), count(*) FILTER (WHERE name LIKE '%!'), count(*) FILTER (WHERE name LIKE '%!!'),"
                    " count(*) FILTER (WHERE mood = 'blue'), count(*) FILTER (WHERE mood = 'sad') FROM members"
                )
            ).one()
            left = connection.execute(text("SELECT count(*) FROM logs")).scalar_one()

    assert tuple(filled) == (2500, 2500, 2500, "U", "U", 2500, 2493, 0, 1250, 0)
    assert left == 3
