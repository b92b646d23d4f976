"""The history of the migrations, and the choice of two revisions to compare."""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from schema_tools.migrations.scripts import Revision
from schema_tools.report.changes import Changes
from schema_tools.report.markup import Content, anchor, element


def history_table(revisions: Sequence[Revision], changes: Changes | None) -> Element:
    """Every revision in the order in which they run, with what it changes where that is known."""
    counts = {one.revision: one.counts for one in changes.steps} if changes else {}
    words = ["Revision", "Date", "Message", *(["Changes"] if counts else []), "File", "Follows"]
    head = element("tr", [element("th", word, scope="col") for word in words])
    rows = [
        element("tr", [element("td", cell, data_label=word) for word, cell in zip(words, cells, strict=True)])
        for cells in (_cells(one, counts) for one in revisions)
    ]
    return element(
        "div", element("table", element("thead", head), element("tbody", rows), class_="history"), class_="scroll"
    )


def _cells(one: Revision, counts: Mapping[str, Mapping[str, int]]) -> list[Content]:
    changed: list[Content] = []
    if counts:
        known = counts.get(one.revision)
        link = f"#{anchor('changes', one.revision)}"
        changed = [element("a", _summed(known), href=link) if known is not None else None]
    return [
        element("code", one.revision),
        f"{one.created:%Y-%m-%d}" if one.created else None,
        one.message,
        *changed,
        element("code", one.file),
        [(element("code", parent), " ") for parent in one.parents],
    ]


def _summed(counts: Mapping[str, int]) -> str:
    parts = [f"{count} {word}" for word, count in counts.items() if count]
    return ", ".join(parts) or "nothing"


def comparison(revisions: Sequence[Revision], changes: Changes) -> list[Element]:
    """The two choices, and the place where the script of the page shows how they differ."""
    messages = {one.revision: one.message for one in revisions}
    names = ["empty database", *(f"{one.revision}  {messages.get(one.revision, '')}" for one in changes.steps)]
    last = len(names) - 1
    return [
        element(
            "form",
            _choice("from", "From", names, max(last - 1, 0)),
            element("button", "⇄", type="button", id="swap", title="Exchange the two", aria_label="Exchange the two"),
            _choice("to", "To", names, last),
            id="compare",
        ),
        element("noscript", element("p", "The comparison needs JavaScript.")),
        element("div", id="difference", aria_live="polite"),
    ]


def _choice(name: str, label: str, names: Sequence[str], chosen: int) -> Element:
    options = [
        element("option", one, value=position, selected=position == chosen) for position, one in enumerate(names)
    ]
    return element("label", element("span", label), element("select", options, id=name))
