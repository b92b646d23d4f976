"""Every revision goes up, down and up again, with rows in place that survive."""

from typing import Any

from sqlalchemy import inspect, text

from plain_sql import connected
from schema_tools.migrations import runner
from schema_tools.migrations.history import history
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.example_rows import insert_example_rows

BOOKKEEPING = {"alembic_version", "schema_tools_log"}

Rows = dict[str, list[dict[str, Any]]]


def test_every_revision_goes_up_down_and_up_with_rows_in_place(service: SchemaProject, empty_url: str) -> None:
    for revision in history(service):
        before = _rows(empty_url)
        runner.upgrade(service, empty_url, revision.revision)
        assert _restricted(_rows(empty_url), before) == before

        runner.downgrade(service, empty_url)
        assert _rows(empty_url) == before

        runner.upgrade(service, empty_url, revision.revision)
        assert _restricted(_rows(empty_url), before) == before
        with connected(empty_url) as connection:
            insert_example_rows(connection, service.metadata)


def test_a_downgrade_to_base_leaves_nothing_behind(service: SchemaProject, migrated_url: str) -> None:
    runner.downgrade(service, migrated_url, "base")

    with connected(migrated_url) as connection:
        assert sorted(inspect(connection).get_table_names()) == sorted(BOOKKEEPING)
        if connection.dialect.name == "postgresql":
            left = "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
        else:
            left = "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')"
        assert connection.execute(text(left)).all() == []


def test_each_step_says_what_it_did(service: SchemaProject, empty_url: str) -> None:
    everything = [one.revision for one in history(service)]

    assert [one.revision for one in runner.upgrade(service, empty_url)] == everything
    assert all(one.applied for one in history(service, empty_url))
    assert [one.revision for one in runner.downgrade(service, empty_url)] == everything[-1:]
    assert not history(service, empty_url)[-1].applied


def _rows(url: str) -> Rows:
    with connected(url) as connection:
        return {
            name: sorted((dict(row._mapping) for row in connection.execute(text(f'SELECT * FROM "{name}"'))), key=str)  # noqa: S608 -- a table's name
            for name in inspect(connection).get_table_names()
            if name not in BOOKKEEPING
        }


def _restricted(rows: Rows, to: Rows) -> Rows:
    """`rows`, without the tables and columns that `to` does not have."""
    return {
        name: [
            {key: value for key, value in row.items() if not to[name] or key in to[name][0]}
            for row in rows.get(name, [])
        ]
        for name in to
    }
