"""The service's own schema, held to what the schema tools ask of one."""

from datetime import UTC, datetime, timedelta
from textwrap import dedent

from schema_tools.audit.live import audit
from schema_tools.catalog.drift import drift
from schema_tools.document.markdown import render_document
from schema_tools.lint import lint_revisions, lint_tables
from schema_tools.migrations import runner
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.verify import verify


def test_a_migrated_database_is_what_the_mapping_says_also_after_down_and_up(
    service: SchemaProject, migrated_url: str
) -> None:
    assert drift(service, migrated_url) == []

    runner.downgrade(service, migrated_url, "base")
    runner.upgrade(service, migrated_url)
    assert drift(service, migrated_url) == []


def test_no_revision_and_no_table_breaks_a_rule(service: SchemaProject) -> None:
    assert lint_revisions(service) == []
    assert lint_tables(service.metadata) == []


def test_every_revision_is_rehearsed_without_a_finding(
    service: SchemaProject, postgres_server: RunningPostgres
) -> None:
    report = verify(service, postgres_server)

    assert list(report.findings) == []
    assert {one.dialect for one in report.revisions} == set(service.databases)
    assert all(one.irreversible is None for one in report.revisions)


def test_a_new_database_is_in_good_health(postgres_url: str) -> None:
    found = audit(postgres_url, now=datetime.now(UTC) + timedelta(days=7))

    assert (list(found.findings), list(found.unseen)) == ([], [])


def test_the_users_table_is_documented_as_the_specification_says(service: SchemaProject) -> None:
    """Line by line, in this order; columns and relationships that were added since may stand between them."""
    specified = dedent(
        """\
        Stores user information.

        **Columns**:

        | Column | Type | Constraints | Description |
        |--------|------|-------------|-------------|
        | `id` | INTEGER | PRIMARY KEY, INDEX | User ID (auto-increment) |
        | `email` | VARCHAR(255) | UNIQUE, NOT NULL, INDEX | User email address |
        | `name` | VARCHAR(200) | NOT NULL | User full name |
        | `created_at` | TIMESTAMP WITH TIME ZONE | NOT NULL, DEFAULT NOW | Creation timestamp |
        | `updated_at` | TIMESTAMP WITH TIME ZONE | NOT NULL, DEFAULT NOW, ON UPDATE NOW | Last update timestamp |

        **Indexes**:
        - Primary key: `id`
        - Unique: `email`
        - Indexes: `email`, `(created_at, id)`, `(updated_at, id)`

        **Relationships**:

        **Example**:
        ```python
        {
          "id": 1,
          "email": "user@example.com",
          "name": "John Doe",
          "created_at": "2025-12-16T10:00:00+00:00",
          "updated_at": "2025-12-16T10:00:00+00:00"
        }
        ```"""
    )
    table = render_document(service).split("\n### `users`\n")[1].split("\n### ", maxsplit=1)[0]
    lines = iter(line.removesuffix(",") for line in table.splitlines())
    assert [line for line in specified.splitlines() if line.removesuffix(",") not in lines] == []
