"""Judging the tables of the mapping."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import MetaData, Table

from schema_tools.document.table_facts import ordered_tables
from schema_tools.findings import Finding
from schema_tools.lint.rule import TABLE_RULES, TableHit, TableRule
from schema_tools.lint.rules import ALL_RULES
from schema_tools.lint.rules.waivers import UNKNOWN_RULE, UNUSED_WAIVER, WITHOUT_REASON

_NAMES: Final = frozenset(rule.name for rule in ALL_RULES)


def lint_tables(metadata: MetaData) -> list[Finding]:
    """The findings in the tables, by table, place and rule.

    A rule is waived with `info={"lint": {"rule": "reason"}}` of the table, column or index.
    """
    return [finding for table in ordered_tables(metadata) for finding in _judged(table)]


def _judged(table: Table) -> list[Finding]:
    hits = [(rule, hit) for rule in TABLE_RULES for hit in rule.check(table)]
    waived = {(id(hit.info), rule.name) for rule, hit in hits if rule.name in _waivers(hit.info)}
    found = [_finding(rule, hit) for rule, hit in hits if (id(hit.info), rule.name) not in waived]
    for place, info in _places(table):
        for name, reason in _waivers(info).items():
            if name not in _NAMES:
                found.append(UNKNOWN_RULE.finding(place, name))
            elif (id(info), name) not in waived:
                found.append(UNUSED_WAIVER.finding(place, name))
            elif not str(reason or "").strip():
                found.append(WITHOUT_REASON.finding(place, name))
    return sorted(found, key=lambda one: (one.place, one.rule, one.message))


def _finding(rule: TableRule, hit: TableHit) -> Finding:
    return Finding(rule=rule.name, place=hit.place, message=hit.message, why=rule.explanation, fix=hit.fix)


def _places(table: Table) -> Iterator[tuple[str, dict[Any, Any]]]:
    yield table.fullname, table.info
    for column in table.columns:
        yield f"{table.fullname}.{column.name}", column.info
    for index in sorted(table.indexes, key=lambda one: str(one.name)):
        yield str(index.name), index.info
    for constraint in sorted(table.constraints, key=lambda one: str(one.name)):
        yield str(constraint.name), constraint.info


def _waivers(info: dict[Any, Any]) -> dict[str, Any]:
    given = info.get("lint", {})
    return given if isinstance(given, dict) else {str(given): ""}
