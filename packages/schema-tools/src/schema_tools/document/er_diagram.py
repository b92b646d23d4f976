"""The entity-relationship diagram of a mapping, in Mermaid's language."""

import re
from typing import Any

from sqlalchemy import Column, MetaData, Table

from schema_tools.document.relationships import Relationship, relationships
from schema_tools.document.table_facts import ordered_tables, sql_type, unique_keys


def er_diagram(metadata: MetaData) -> str:
    """The diagram: every table with its columns and keys, then every foreign key.

    The language is described at https://mermaid.js.org/syntax/entityRelationshipDiagram.html.
    """
    lines = ["erDiagram"]
    for table in ordered_tables(metadata):
        lines.append(f"    {_entity(table)} {{")
        lines += [f"        {_attribute(column)}" for column in table.columns]
        lines.append("    }")
    lines += [f"    {_line(one)}" for one in relationships(metadata)]
    return "\n".join(lines)


def _entity(table: Table) -> str:
    return table.name if re.fullmatch(r"[A-Za-z]\w*", table.name) else f'"{_plain(table.name)}"'


def _attribute(column: Column[Any]) -> str:
    # A type is one word there, without commas.
    kind = re.sub(r"[^\w()\[\]]+", "_", sql_type(column)).strip("_")
    keys = ["PK"] if column.primary_key else []
    keys += ["FK"] if column.foreign_keys else []
    keys += ["UK"] if (column.name,) in unique_keys(column.table) else []
    comment = f'"{_plain(column.comment)}"' if column.comment else ""
    return " ".join(filter(None, (kind, re.sub(r"\W", "_", column.name), ", ".join(keys), comment)))


def _line(one: Relationship) -> str:
    target = "|o" if one.optional else "||"
    source = "o|" if one.single else "o{"
    return f'{_entity(one.target)} {target}--{source} {_entity(one.source)} : "{_plain(", ".join(one.columns))}"'


def _plain(text: str) -> str:
    """`text` without what would end a quotation."""
    return " ".join(text.replace('"', "'").split())
