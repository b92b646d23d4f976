"""What the checks find, by rule, the worst first."""

from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree.ElementTree import Element

import sqlalchemy as sa

from schema_tools.findings import Finding
from schema_tools.report.markup import Content, anchor, element
from schema_tools.report.severity import by_rule
from schema_tools.reporting.rules import severity_of

_HEAD: Final = ("Rule", "Kind", "Findings")


def findings_by_rule(findings: Sequence[Finding], places: Mapping[str, str]) -> list[Element]:
    """How many each rule has, and a block for each. `places` has the table of each place that belongs to one."""
    rules = by_rule(findings)
    head = element("tr", [element("th", word, scope="col") for word in _HEAD])
    rows = [element("tr", _summary(rule, found)) for rule, found in rules]
    summary = element("table", element("thead", head), element("tbody", rows))
    return [element("div", summary, class_="card"), *(_rule(rule, found, places) for rule, found in rules)]


def places_of(metadata: sa.MetaData) -> dict[str, str]:
    """By what a finding may name, the table that it belongs to: the table, its columns, indexes and constraints."""
    places = {}
    for table in metadata.tables.values():
        names = [table.fullname, f"table {table.fullname}"]
        for one in table.columns:
            names += [f"{table.fullname}.{one.name}", f"column {table.fullname}.{one.name}"]
        names += [str(one.name) for one in table.indexes]
        names += [str(one.name) for one in table.constraints if one.name]
        places.update(dict.fromkeys(names, table.fullname))
    return places


def links_to_rules(findings: Sequence[Finding], table: str, places: Mapping[str, str]) -> Element | None:
    """Links to the rules that a table breaks, or None."""
    rules = by_rule([one for one in findings if places.get(one.place) == table])
    if not rules:
        return None
    links = [
        element("a", _counted(rule, found), class_=_classes(found[0]), href=f"#{anchor('rule', rule)}")
        for rule, found in rules
    ]
    return element("p", links, class_="broken")


def _summary(rule: str, found: Sequence[Finding]) -> list[Element]:
    cells: tuple[Content, ...] = (
        element("a", rule, href=f"#{anchor('rule', rule)}"),
        _severity(found[0]),
        str(len(found)),
    )
    return [element("td", cell, data_label=word) for word, cell in zip(_HEAD, cells, strict=True)]


def _rule(rule: str, found: Sequence[Finding], places: Mapping[str, str]) -> Element:
    whys = {one.why for one in found}
    common = next(iter(whys)) if len(whys) == 1 else ""
    return element(
        "article",
        element(
            "header",
            element("h3", rule),
            _severity(found[0]),
            element("span", str(len(found)), class_="count"),
        ),
        element("p", common, class_="why") if common else None,
        element("ul", [_finding(one, places, "" if common else one.why) for one in found], class_="found"),
        class_="card",
        id=anchor("rule", rule),
    )


def _finding(one: Finding, places: Mapping[str, str], why: str) -> Element:
    table = places.get(one.place)
    place: Content = element("code", one.place)
    if table is not None:
        place = element("a", place, href=f"#{anchor('table', table)}")
    return element(
        "li",
        element("p", place),
        element(
            "div",
            element("p", one.message),
            element("p", why, class_="why") if why else None,
            element("pre", element("code", one.fix)) if one.fix else None,
        ),
    )


def _severity(finding: Finding) -> Element:
    return element("span", severity_of(finding).value, class_=_classes(finding))


def _classes(finding: Finding) -> str:
    return f"severity {severity_of(finding).name.lower()}"


def _counted(rule: str, found: Sequence[Finding]) -> str:
    return rule if len(found) == 1 else f"{rule} ({len(found)})"
