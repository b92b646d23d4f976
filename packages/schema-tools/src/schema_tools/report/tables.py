"""The tables in words: columns, keys, indexes, checks, references and examples."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from xml.etree.ElementTree import Element

import sqlalchemy as sa

from schema_tools.document import table_facts
from schema_tools.document.relationships import MappedRelationship, Relationship
from schema_tools.report.markup import Content, anchor, element

_HEAD: Final = ("Column", "Type", "Null", "Default", "Comment", "Example")


def table_list(tables: Sequence[sa.Table]) -> Element:
    """The names of all tables, each a link."""
    return element("ul", [element("li", link_to(one.fullname)) for one in tables], class_="names")


def table_article(
    table: sa.Table,
    described: Mapping[str, Any],
    relationships: Sequence[Relationship],
    mapped: Sequence[MappedRelationship],
    findings: Content,
) -> Element:
    """All that is said of a table.

    Args:
        table: The table.
        described: The same table as tbls has it.
        relationships: All of the mapping.
        mapped: All relationships of its classes.
        findings: Links to what is wrong with it.
    """
    name = table.fullname
    show = element("a", "Show in diagram", class_="in-diagram", href=f"#{anchor('box', name)}")
    return element(
        "article",
        element("header", element("h3", name), show),
        element("p", table.comment, class_="comment") if table.comment else None,
        findings,
        _columns(table, described),
        _definitions("Keys and checks", described["constraints"]),
        _definitions("Indexes", described["indexes"]),
        _references("Refers to", [_outward(one) for one in relationships if one.source is table]),
        _references("Referred to by", [_inward(one) for one in relationships if one.target is table]),
        _references("In the classes", [_of_class(one) for one in mapped if one.source is table]),
        class_="card",
        id=anchor("table", name),
    )


def link_to(table: str) -> Element:
    """A link to what is said of a table."""
    return element("a", table, href=f"#{anchor('table', table)}")


def _columns(table: sa.Table, described: Mapping[str, Any]) -> Element:
    head = element("tr", [element("th", word, scope="col") for word in _HEAD])
    rows = [_column(column, document) for column, document in zip(table.columns, described["columns"], strict=True)]
    return element(
        "div", element("table", element("thead", head), element("tbody", rows), class_="columns"), class_="scroll"
    )


def _column(column: sa.Column[Any], document: Mapping[str, Any]) -> Element:
    words = table_facts.constraint_words(column)
    keys = [short for word, short in (("PRIMARY KEY", "PK"), ("FOREIGN KEY", "FK"), ("UNIQUE", "UK")) if word in words]
    default = document.get("extra_def") or document["default"]
    cells: tuple[Content, ...] = (
        (element("code", column.name), [element("span", key, class_=f"key {key.lower()}") for key in keys]),
        element("code", table_facts.type_words(column)),
        element("span", "null", class_="nullable") if column.nullable else "not null",
        element("code", default) if default else None,
        column.comment,
        element("code", _example(column)) if "example" in column.info else None,
    )
    return element("tr", [element("td", cell, data_label=label) for label, cell in zip(_HEAD, cells, strict=True)])


def _example(column: sa.Column[Any]) -> str:
    value = column.info["example"]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _definitions(title: str, objects: Sequence[Mapping[str, Any]]) -> Iterator[Element]:
    if not objects:
        return
    yield element("h4", title)
    yield element(
        "dl", [(element("dt", str(one["name"])), element("dd", element("code", one["def"]))) for one in objects]
    )


def _references(title: str, sentences: Sequence[Content]) -> Iterator[Element]:
    if not sentences:
        return
    yield element("h4", title)
    yield element("ul", [element("li", one) for one in sentences], class_="references")


def _outward(one: Relationship) -> Content:
    target = _columns_of(one.referred)
    optional = ", optional" if one.optional else ""
    return (
        element("code", _columns_of(one.columns)), " → ", link_to(one.target.fullname), " ", element("code", target),
        element("span", f"ON DELETE {one.on_delete}{optional}", class_="aside"),
    )  # fmt: skip


def _inward(one: Relationship) -> Content:
    rows = "at most one row" if one.single else "many rows"
    return (
        link_to(one.source.fullname), " ", element("code", _columns_of(one.columns)), " → ",
        element("code", _columns_of(one.referred)),
        element("span", f"{rows}, ON DELETE {one.on_delete}", class_="aside"),
    )  # fmt: skip


def _of_class(one: MappedRelationship) -> Content:
    through: Content = (", through ", link_to(one.secondary.fullname)) if one.secondary is not None else None
    rows = "rows of " if one.several else "a row of "
    return (
        element("code", one.name), f" holds {rows}", link_to(one.target.fullname), through,
        element("span", one.kind.lower(), class_="aside"),
    )  # fmt: skip


def _columns_of(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"
