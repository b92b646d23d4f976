"""Judges migrations and tables: what would block or break clients of the database, and the safe form."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import MetaData, Table

from schema_tools.document.table_facts import ordered_tables
from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding
from schema_tools.lint.rule import TABLE_RULES, Rule, TablePart, parts_of, place_of
from schema_tools.lint.rules import has_meaning, waiver_findings
from schema_tools.project import SchemaProject

__all__ = ["lint_revisions", "lint_tables", "render_rules", "safe_form", "touched_tables"]


def lint_revisions(project: SchemaProject, revisions: Collection[str] | None = None) -> list[Finding]:
    """The unsafe statements of the migrations, in the order of the history.

    Args:
        project: The mapping and the migrations.
        revisions: Which revisions to report on, by identifier or its beginning; all of them, and `env.py`, when None.

    Raises:
        SchemaToolsError: pglast is not installed, or a revision is unknown, or a file cannot be loaded.
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


def safe_form(rule: Rule) -> str:
    """The code to write in place of the rule's example; empty where there is none.

    Raises:
        SchemaToolsError: pglast is not installed.
    """
    _need_pglast()
    from schema_tools.lint import document  # noqa: PLC0415 -- needs pglast

    return document.safe_form(rule)


def _need_pglast() -> None:
    try:
        import pglast  # noqa: F401, PLC0415
    except ImportError as error:
        raise SchemaToolsError(
            "the migrations are read with PostgreSQL's own parser: pip install pglast, which the extra `rehearsal` of"
            " these tools brings"
        ) from error


def touched_tables(project: SchemaProject, revisions: Collection[str]) -> set[str]:
    """The full names of the mapped tables that the revisions work on; all of them where that cannot be read.

    Raises:
        SchemaToolsError: pglast is not installed, or the revisions cannot be read.
    """
    _need_pglast()
    from schema_tools.lint import touched  # noqa: PLC0415 -- needs pglast

    return touched.touched_tables(project, revisions)


def lint_tables(
    metadata: MetaData, tables: Collection[str] | None = None, *, databases: Collection[str] = ("postgresql",)
) -> list[Finding]:
    """The findings in the tables, by table, place and rule.

    A rule is waived with `info={"lint": {"rule": "reason"}}` of the table, column or index.

    Args:
        metadata: The mapping.
        tables: The full names of the tables to judge; all of them when None.
        databases: The kinds of databases that the tables are for. What has no meaning in them is no finding.
    """
    judged = (table for table in ordered_tables(metadata) if tables is None or table.fullname in tables)
    return [finding for table in judged for finding in _judged(table, databases)]


def _judged(table: Table, databases: Collection[str]) -> list[Finding]:
    rules = [rule for rule in TABLE_RULES if has_meaning(rule.name, databases)]
    hits = [(rule, hit) for rule in rules for hit in rule.check(table)]
    used = {(id(hit.part), rule.name) for rule, hit in hits if rule.name in _waivers(hit.part)}
    found = [
        rule.finding(place_of(hit.part), hit.message, hit.fix)
        for rule, hit in hits
        if (id(hit.part), rule.name) not in used
    ]
    for part in parts_of(table):
        for name, reason in _waivers(part).items():
            is_used = (id(part), name) in used or not has_meaning(name, databases)
            found += waiver_findings(place_of(part), name, str(reason or ""), used=is_used)
    return sorted(found, key=lambda one: (one.place, one.rule, one.message))


def _waivers(part: TablePart) -> dict[str, Any]:
    given = part.info.get("lint", {})
    return given if isinstance(given, dict) else {str(given): ""}
