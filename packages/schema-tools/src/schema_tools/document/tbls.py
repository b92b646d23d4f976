"""The schema as a document for programs, in the format of tbls, so that its viewers and linters read it.

The format is https://github.com/k1LoW/tbls/blob/main/spec/tbls.schema.json_schema.json. It is filled from the mapping
alone, without a database, so it has no triggers, functions or views: a mapping does not know them.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.schema import CreateIndex, CreateTable

from schema_tools.catalog.naming import named_items, names_given
from schema_tools.dialects import DIALECTS
from schema_tools.document import table_facts
from schema_tools.document.markdown import filled
from schema_tools.document.relationships import relationships
from schema_tools.project import SchemaProject

_POSTGRESQL: Final = DIALECTS["postgresql"]

# The words of tbls, and what PostgreSQL ends the name with that it chooses where there is none.
_KINDS: Final[tuple[tuple[type[sa.Constraint], str, str], ...]] = (
    (sa.PrimaryKeyConstraint, "PRIMARY KEY", "pkey"),
    (sa.UniqueConstraint, "UNIQUE", "key"),
    (sa.ForeignKeyConstraint, "FOREIGN KEY", "fkey"),
    (sa.CheckConstraint, "CHECK", "check"),
    (ExcludeConstraint, "EXCLUDE", "excl"),
)


def tbls_document(project: SchemaProject) -> dict[str, Any]:
    """The schema as tbls has it, in a stable order: tables by name, columns as they are written."""
    with names_given(named_items(project.metadata)):
        return _document(project)


def _document(project: SchemaProject) -> dict[str, Any]:
    tables = table_facts.ordered_tables(project.metadata)
    types = [column.type for table in tables for column in table.columns]
    enums = {one.name: list(one.enums) for one in types if isinstance(one, sa.Enum) and one.name}
    heading, _, rest = filled(project.document).partition("\n") if project.document else ("schema", "", "")
    return {
        "name": heading.removeprefix("# "),
        "desc": rest.strip().partition("\n\n")[0],
        "tables": [_table(table) for table in tables],
        "relations": [
            {
                "table": one.source.fullname,
                "columns": list(one.columns),
                "cardinality": "zero_or_one" if one.single else "zero_or_more",
                "parent_table": one.target.fullname,
                "parent_columns": list(one.referred),
                "parent_cardinality": "zero_or_one" if one.optional else "exactly_one",
                "def": (
                    f"FOREIGN KEY ({', '.join(one.columns)}) REFERENCES {one.target.fullname}"
                    f" ({', '.join(one.referred)}) ON DELETE {one.on_delete}"
                ),
            }
            for one in relationships(project.metadata)
        ],
        "enums": [{"name": name, "values": values} for name, values in sorted(enums.items())],
        "driver": {"name": "postgres"},
    }


def _table(table: sa.Table) -> dict[str, Any]:
    constrained = [one for constraint in table_facts.constraints(table) if (one := _constraint(table, constraint))]
    indexes = [
        {
            "name": _POSTGRESQL.identifier_preparer.format_index(index),
            "def": _lines(CreateIndex(index).compile(dialect=_POSTGRESQL)),
            "table": table.fullname,
            "columns": [one.name for one in index.expressions if isinstance(one, sa.Column)],
            "comment": "",
        }
        for index in table.indexes
    ]
    return {
        "name": table.fullname,
        "type": "BASE TABLE",
        "comment": table.comment or "",
        "columns": [_column(column) for column in table.columns],
        "indexes": sorted(indexes, key=lambda one: (one["name"], one["def"])),
        "constraints": sorted(constrained, key=lambda one: (one["type"], one["name"], one["def"])),
        "triggers": [],
        "def": _lines(CreateTable(table).compile(dialect=_POSTGRESQL)),
        "referenced_tables": sorted({key.column.table.fullname for key in table.foreign_keys}),
    }


def _column(column: sa.Column[Any]) -> dict[str, Any]:
    document = {
        "name": column.name,
        "type": table_facts.sql_type(column),
        "nullable": bool(column.nullable),
        "default": table_facts.default_sql(column) if column.computed is None else None,
        "comment": column.comment or "",
    }
    if column.identity is not None:
        document["extra_def"] = f"GENERATED {'ALWAYS' if column.identity.always else 'BY DEFAULT'} AS IDENTITY"
    elif column.computed is not None:
        document["extra_def"] = f"GENERATED ALWAYS AS ({table_facts.default_sql(column)})"
    return document


def _constraint(table: sa.Table, constraint: sa.Constraint) -> dict[str, Any] | None:
    kind = next((kind for kind in _KINDS if isinstance(constraint, kind[0])), None)
    if kind is None:
        return None
    if isinstance(constraint, sa.CheckConstraint):
        columns = table_facts.checked_columns(table, constraint)
    else:
        columns = [column.name for column in getattr(constraint, "columns", ())]
    if isinstance(constraint, sa.PrimaryKeyConstraint) and not columns:
        return None  # SQLAlchemy gives a table without a primary key an empty one.
    _, words, suffix = kind
    given = constraint.name is not None and _POSTGRESQL.identifier_preparer.format_constraint(constraint)
    document = {
        "name": given or "_".join((table.name, *columns, suffix)),
        "type": words,
        "def": table_facts.constraint_sql(constraint),
        "table": table.fullname,
        "columns": columns,
        "comment": str(constraint.comment or ""),
    }
    if isinstance(constraint, sa.ForeignKeyConstraint):
        document["referenced_table"] = constraint.referred_table.fullname
        document["referenced_columns"] = [element.column.name for element in constraint.elements]
    return document


def _lines(statement: object) -> str:
    return "\n".join(line.expandtabs(2).rstrip() for line in str(statement).strip().splitlines())
