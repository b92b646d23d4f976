"""Judges migrations and tables: what would block or break clients of the database, and the safe form."""

from collections.abc import Collection

from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding
from schema_tools.lint.tables import lint_tables
from schema_tools.project import SchemaProject

__all__ = ["lint_revisions", "lint_tables", "render_rules"]


def lint_revisions(project: SchemaProject, revisions: Collection[str] | None = None) -> list[Finding]:
    """The unsafe statements of the migrations, in the order of the history.

    Args:
        project: The mapping and the migrations.
        revisions: Which revisions to report on, by identifier or its beginning; all of them, and `env.py`, when None.

    Raises:
        SchemaToolsError: pglast is not installed, or a revision is unknown, or its code fails.
    """
    _need_pglast()
    from schema_tools.lint.revisions import judge_revisions  # noqa: PLC0415 -- needs pglast

    return judge_revisions(project, revisions)


def render_rules() -> str:
    """The document of all rules, in Markdown.

    Raises:
        SchemaToolsError: pglast is not installed.
    """
    _need_pglast()
    from schema_tools.lint.document import rules_document  # noqa: PLC0415 -- needs pglast

    return rules_document()


def _need_pglast() -> None:
    """PostgreSQL's parser is a dependency of development only."""
    try:
        import pglast  # noqa: F401, PLC0415
    except ImportError as error:
        raise SchemaToolsError(
            "the migrations are read with PostgreSQL's own parser, which is a dependency of development: "
            "make setup, or pip install pglast"
        ) from error
