"""The page: one HTML file, with a policy that lets its own script and style run and nothing be loaded."""

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any, Final
from xml.etree.ElementTree import Element

from schema_tools.document.table_facts import ordered_tables
from schema_tools.report.diagram import diagram
from schema_tools.report.findings import findings_by_rule, links_to_rules, places_of
from schema_tools.report.gathering import Gathered
from schema_tools.report.history import comparison, history_table
from schema_tools.report.markup import Content, as_data, element, fragment, written
from schema_tools.report.tables import table_article, table_list

_FILES: Final = files("schema_tools.report")


def page(report: Gathered) -> bytes:
    """The page, in UTF-8. The same report always gives the same bytes."""
    style, script, template = (_FILES.joinpath(f"page.{kind}").read_text("utf-8") for kind in ("css", "js", "html"))
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": escape(policy),
        "title": escape(report.document["name"]),
        "style": style,
        "body": "\n".join(map(written, _body(report))),
        "data": as_data(_data(report)),
        "script": script,
    }
    text = re.sub(r"<!-- (\w+) -->", lambda found: parts[found[1]], template)
    return text.encode("utf-8", "replace")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _data(report: Gathered) -> dict[str, Any]:
    tables = [
        {
            "name": table.fullname,
            "fragment": fragment(table.fullname),
            "columns": [one.name for one in table.columns],
        }
        for table in ordered_tables(report.project.metadata)
    ]
    changes = report.changes.as_document() if report.changes else {"objects": [], "steps": []}
    return {"tables": tables, **changes}


def _body(report: Gathered) -> list[Element]:
    views = {
        "diagram": ("Diagram", None, _diagram(report)),
        "tables": ("Tables", len(report.project.metadata.tables), _tables(report)),
        "history": ("History", len(report.revisions), _history(report)),
        "differences": ("Differences", None, _differences(report)),
        "findings": ("Findings", len(report.findings), _findings(report)),
    }
    links = [element("a", title, _count(count), href=f"#{name}") for name, (title, count, _) in views.items()]
    lacking = element("div", [element("p", f"Not in this report: {one}") for one in report.lacking], class_="lacking")
    return [
        element(
            "header", element("h1", report.document["name"]), element("nav", links, aria_label="Views"), _search(),
            class_="top",
        ),
        *([lacking] if report.lacking else []),
        element(
            "main",
            [element("section", element("h2", title), content, id=name) for name, (title, _, content) in views.items()],
        ),
    ]  # fmt: skip


def _count(count: int | None) -> Element | None:
    return element("span", str(count), class_="count") if count is not None else None


def _search() -> Element:
    label = "Find a table or a column"
    return element(
        "div",
        element(
            "input", id="search", type="search", placeholder=f"{label} (/)", aria_label=label, autocomplete="off",
            role="combobox", aria_expanded="false", aria_controls="matches", aria_autocomplete="list",
        ),
        element("ul", id="matches", role="listbox", aria_label="Matches", hidden=True),
        class_="search",
    )  # fmt: skip


def _diagram(report: Gathered) -> Content:
    tools = [
        element("button", words, type="button", id=name, title=title, aria_label=title)
        for name, words, title in (
            ("farther", "\u2212", "Smaller (-)"), ("closer", "+", "Larger (+)"), ("whole", "Fit", "Show all (0)"),
        )
    ]  # fmt: skip
    return element(
        "div", diagram(report.project.metadata), _legend(), element("div", tools, id="tools"),
        id="canvas", tabindex="0", aria_label="Diagram: arrow keys move it, + and - change its size, 0 shows all",
        role="group",
    )  # fmt: skip


def _legend() -> Element:
    signs = (
        ("M0 6H34M23 6L34 0M23 6L34 12", "", "many rows"),
        ("M0 6H34M26 1V11", "", "at most one row"),
        ("M0 6H34", "dashed", "may be null"),
    )
    return element(
        "p",
        [
            (
                element("svg", element("path", d=path, class_=kind or None), viewBox="0 0 34 12", aria_hidden="true"),
                words,
            )
            for path, kind, words in signs
        ],
        class_="legend",
    )


def _tables(report: Gathered) -> Content:
    tables = ordered_tables(report.project.metadata)
    described = {one["name"]: one for one in report.document["tables"]}
    places = places_of(report.project.metadata)
    articles = [
        table_article(
            one, described[one.fullname], report.relationships, report.mapped,
            links_to_rules(report.findings, one.fullname, places),
        )
        for one in tables
    ]  # fmt: skip
    contents = element("details", element("summary", "All tables"), table_list(tables), open=True)
    return element(
        "div",
        element("nav", contents, class_="contents", aria_label="Tables"),
        element("div", articles),
        class_="beside",
    )


def _history(report: Gathered) -> Content:
    if not report.revisions:
        return element("p", "There are no migrations yet.")
    return element("div", history_table(report.revisions, report.changes), class_="card")


def _differences(report: Gathered) -> Content:
    if report.changes is None or not report.changes.steps:
        why = "there are no migrations yet" if not report.revisions else "no rehearsal of the migrations could be made"
        return element("p", f"Revisions cannot be compared: {why}.")
    return comparison(report.revisions, report.changes)


def _findings(report: Gathered) -> Content:
    made = element("p", f"Checked: {', '.join(report.checks)}.", class_="why")
    if not report.findings:
        return made, element("p", "Nothing was found.")
    return made, findings_by_rule(report.findings, places_of(report.project.metadata))
