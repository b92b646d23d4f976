"""The schema document: generated from the mapping and the migrations, and compared byte by byte."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Column, MetaData, Table

from schema_tools.document import table_facts
from schema_tools.document.relationships import MappedRelationship, mapped_relationships, relationships
from schema_tools.errors import SchemaToolsError
from schema_tools.migrations.history import history
from schema_tools.migrations.scripts import Revision
from schema_tools.project import SchemaDocument, SchemaProject

_NONE: Final = "None"


def render_document(project: SchemaProject) -> str:
    """The document, as Markdown that ends in a newline. The same project always gives the same bytes.

    Raises:
        SchemaToolsError: The project has no document, or its migrations or its mapped classes cannot be read.
    """
    document = _document(project)
    mapped = mapped_relationships(project)
    tables = (
        part
        for table in table_facts.ordered_tables(project.metadata)
        for part in _table(table, project.metadata, mapped)
    )
    return filled(
        document,
        tables="\n\n".join(tables),
        diagram=f"```mermaid\n{_er_diagram(project.metadata)}\n```",
        history=_history(history(project)),
        **document.texts,
    )


def filled(document: SchemaDocument, **parts: str) -> str:
    """The template of the document, with each of `parts` in place of the comment of its name.

    Raises:
        SchemaToolsError: The template cannot be read, or does not have each of these comments.
    """
    try:
        text = document.template.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaToolsError(f"the template of the schema document cannot be read: {error}") from error
    lacking = [name for name in parts if f"<!-- {name} -->" not in text]
    if lacking:
        raise SchemaToolsError(f"{document.template} must say where the {lacking[0]} go: <!-- {lacking[0]} -->")
    return re.sub(r"<!-- (\w+) -->", lambda found: parts.get(found[1], found[0]), text)


def write_document(project: SchemaProject) -> list[str]:
    """Write the document, and return what it lacks: a line for each missing comment or example.

    Raises:
        SchemaToolsError: As `render_document`, or the file cannot be written.
    """
    path = _document(project).path
    content = render_document(project)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    except OSError as error:
        raise SchemaToolsError(f"{path} cannot be written: {error.strerror}") from error
    return table_facts.findings(project.metadata)


def check_document(project: SchemaProject) -> list[str]:
    """What is wrong with the document as it is: what it lacks, then how it differs from what would be written.

    Returns:
        Lines for people, the differences as a unified diff; none when the document is complete and current.

    Raises:
        SchemaToolsError: As `render_document`.
    """
    path = _document(project).path
    current = path.read_bytes() if path.is_file() else b""
    right = render_document(project)
    lacking = table_facts.findings(project.metadata)
    if current == right.encode():
        return lacking
    lines = current.decode(errors="replace").splitlines(), right.splitlines()
    files = f"{path.name} (as it is)", f"{path.name} (as generated)"
    differences = difflib.unified_diff(*lines, *files, lineterm="")
    return [*lacking, *differences] or ["the document differs in its line ends only"]


def _document(project: SchemaProject) -> SchemaDocument:
    if project.document is None:
        raise SchemaToolsError("this project has no schema document")
    return project.document


def _table(table: Table, metadata: MetaData, mapped: Iterable[MappedRelationship]) -> Iterator[str]:
    yield f"### `{table.fullname}`"
    if (table.comment or "").strip():
        yield str(table.comment)
    rows = [
        (
            f"`{column.name}`",
            table_facts.type_words(column),
            ", ".join(table_facts.constraint_words(column)),
            column.comment or "",
        )
        for column in table.columns
    ]
    yield "**Columns**:"
    yield _grid(("Column", "Type", "Constraints", "Description"), rows)
    yield "**Indexes**:\n" + _bullets(
        (
            f"Primary key: {_keys([table_facts.primary_key(table)])}",
            f"Unique: {_keys(table_facts.unique_keys(table))}",
            f"Indexes: {_keys(table_facts.index_keys(table))}",
        )
    )
    checks = table_facts.spanning_checks(table)
    if checks:
        yield "**Checks**:\n" + _bullets(f"`{check}`" for check in checks)
    excluded = table_facts.exclusions(table)
    if excluded:
        yield "**Exclusions** (no two rows may match):\n" + _bullets(f"`{one}`" for one in excluded)
    yield "**Relationships**:\n" + _bullets([*_relationships(table, metadata, mapped)] or [_NONE])
    yield f"**Example**:\n```python\n{_literal(table_facts.example_row(table))}\n```"


def _relationships(table: Table, metadata: MetaData, mapped: Iterable[MappedRelationship]) -> Iterator[str]:
    found = relationships(metadata)
    for one in (one for one in found if one.source is table):
        kind = "One to one" if one.single else "Many to one"
        refers = f"{_key(one.columns)} refers to {_key(one.referred, one.target)}{', optional' if one.optional else ''}"
        yield f"{kind}: {refers}, ON DELETE {one.on_delete}"
    for one in (one for one in found if one.target is table):
        kind = "One to one" if one.single else "One to many"
        referring = _key(one.columns, one.source)
        yield f"{kind}: {_key(one.referred)} is referred to by {referring}, ON DELETE {one.on_delete}"
    for other in (other for other in mapped if other.source is table):
        rows = f"{'rows' if other.several else 'a row'} of `{other.target.fullname}`"
        through = f", through `{other.secondary.fullname}`" if other.secondary is not None else ""
        yield f"{other.kind}: `{other.name}` holds {rows}{through}"


def _history(revisions: list[Revision]) -> str:
    rows = [
        (
            f"`{one.revision}`",
            f"{one.created:%Y-%m-%d}" if one.created else "",
            one.message,
            ", ".join(f"`{parent}`" for parent in one.parents) or "-",
        )
        for one in revisions
    ]
    return _grid(("Revision", "Date", "Message", "Follows"), rows)


def _keys(keys: Iterable[tuple[str, ...]]) -> str:
    return ", ".join(_key(key) for key in keys if key) or _NONE


def _key(columns: tuple[str, ...], table: Table | None = None) -> str:
    prefix = f"{table.fullname}." if table is not None else ""
    return f"`{prefix}{columns[0]}`" if len(columns) == 1 else f"`{prefix}({', '.join(columns)})`"


def _literal(row: dict[str, Any]) -> str:
    """The row as a literal of Python, which is JSON as well where the values allow it."""
    lines = [f"  {json.dumps(name)}: {_value(value)}" for name, value in row.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _value(value: Any) -> str:
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return f"{{{', '.join(f'{_value(key)}: {_value(one)}' for key, one in value.items())}}}"
        case _:
            return repr(value)


def _grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    cells = [[" ".join(text.split()).replace("|", "\\|") for text in row] for row in rows]
    rule = f"|{'|'.join('-' * (len(title) + 2) for title in head)}|"
    first, *others = (f"| {' | '.join(line)} |" for line in (head, *cells))
    return "\n".join([first, rule, *others])


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _er_diagram(metadata: MetaData) -> str:
    """Every table with its columns and keys, then every foreign key, in Mermaid's language.

    Source: https://mermaid.js.org/syntax/entityRelationshipDiagram.html.
    """
    lines = ["erDiagram"]
    for table in table_facts.ordered_tables(metadata):
        lines.append(f"    {_entity(table)} {{")
        lines += [f"        {_attribute(column)}" for column in table.columns]
        lines.append("    }")
    for one in relationships(metadata):
        ends = f"{'|o' if one.optional else '||'}--{'o|' if one.single else 'o{'}"
        label = _plain(", ".join(one.columns))
        lines.append(f'    {_entity(one.target)} {ends} {_entity(one.source)} : "{label}"')
    return "\n".join(lines)


def _entity(table: Table) -> str:
    return table.name if re.fullmatch(r"[A-Za-z]\w*", table.name) else f'"{_plain(table.name)}"'


def _attribute(column: Column[Any]) -> str:
    # A type is one word there, without commas.
    kind = re.sub(r"[^\w()\[\]]+", "_", table_facts.sql_type(column)).strip("_")
    keys = ["PK"] if column.primary_key else []
    keys += ["FK"] if column.foreign_keys else []
    keys += ["UK"] if (column.name,) in table_facts.unique_keys(column.table) else []
    comment = f'"{_plain(column.comment)}"' if column.comment else ""
    return " ".join(filter(None, (kind, re.sub(r"\W", "_", column.name), ", ".join(keys), comment)))


def _plain(text: str) -> str:
    """`text` without what would end a quotation."""
    return " ".join(text.replace('"', "'").split())
