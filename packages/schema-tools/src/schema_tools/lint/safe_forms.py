"""The code of safe forms: bodies of `upgrade()`, with the names of the statement that they replace."""

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy.dialects import postgresql

from schema_tools.lint.actions import CreateIndex
from schema_tools.lint.definitions import Expression, SqlType
from schema_tools.lint.model import Schema

NEXT_REVISION: Final = "# next revision"
"""The line between the bodies of two revisions."""

_BATCH: Final = 1000
_PREPARER: Final = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]

# A constant that is in place of a value for the rows that are there already.
_ZEROES: Final = {
    "bool": "false",
    "date": "CURRENT_DATE",
    "jsonb": "'{}'",
    "timestamp": "now()",
    "timestamptz": "now()",
    **dict.fromkeys(("bpchar", "text", "varchar"), "''"),
    **dict.fromkeys(("float4", "float8", "int2", "int4", "int8", "numeric"), "0"),
}


def quoted(name: str) -> str:
    """A name as it stands in SQL."""
    return ".".join(str(_PREPARER.quote(part)) for part in name.split("."))


def short(name: str) -> str:
    """A name without its schema."""
    return name.rpartition(".")[2]


def revisions(*bodies: str) -> str:
    """Several revisions, one after the other."""
    return f"\n{NEXT_REVISION}\n".join(body.strip("\n") for body in bodies if body)


def execute(*statements: str) -> str:
    """Statements, each executed for itself."""
    return "\n".join(_call(one) for one in statements)


def outside_transaction(code: str) -> str:
    """Code in an autocommit block."""
    return "\n".join(["with op.get_context().autocommit_block():", *(f"    {line}" for line in code.splitlines())])


def create_index(name: str, table: str, columns: Sequence[str], *, unique: bool = False) -> str:
    """An index on columns, built while the table is used."""
    return outside_transaction(
        "op.create_index(\n"
        f"    {_text(name)},\n"
        f"    {_text(short(table))},\n"
        f"    [{', '.join(map(_text, columns))}],\n"
        + ("    unique=True,\n" if unique else "")
        + _schema(table)
        + "    postgresql_concurrently=True,\n"
        "    if_not_exists=True,\n"
        ")"
    )


def create_this_index(index: CreateIndex) -> str:
    """The same index, built while the table is used."""
    if index.plain and not index.where:
        return create_index(index.name, index.table, index.keys, unique=index.unique)
    return outside_transaction(execute(index.concurrent_sql))


def validated_later(table: str, name: str, definition: str) -> str:
    """A constraint that holds for new rows at once, and is proven for the rows that are there in the next revision."""
    return revisions(
        execute(f"ALTER TABLE {quoted(table)} ADD CONSTRAINT {quoted(name)} {definition} NOT VALID"),
        execute(f"ALTER TABLE {quoted(table)} VALIDATE CONSTRAINT {quoted(name)}"),
    )


def not_null_without_scan(table: str, *columns: str) -> str:
    """NOT NULL for columns without a scan under a lock that stops readers."""
    names = {column: quoted(f"ck_{short(table)}_{column}_not_null") for column in columns}
    alter = f"ALTER TABLE {quoted(table)} "
    adding = (f"ADD CONSTRAINT {name} CHECK ({quoted(column)} IS NOT NULL) NOT VALID" for column, name in names.items())
    validating = (f"VALIDATE CONSTRAINT {name}" for name in names.values())
    setting = (f"ALTER COLUMN {quoted(column)} SET NOT NULL" for column in names)
    dropping = (f"DROP CONSTRAINT {name}" for name in names.values())
    return revisions(
        execute(alter + ", ".join(adding)),
        execute(alter + ", ".join(validating)),
        # In a statement of its own: PostgreSQL drops first, and then has no proof that spares it the scan.
        execute(alter + ", ".join(setting), alter + ", ".join(dropping)),
    )


def update_in_batches(schema: Schema, table: str, assignments: str, where: str = "") -> str:
    """An UPDATE that commits after every thousand rows; empty where the table has no key of one column to go by."""
    key = schema.tables[table].primary_key() if table in schema.tables else ()
    if len(key) != 1:
        return ""
    name, column = quoted(table), quoted(key[0])
    condition = f"({where}) AND " if where else ""
    return outside_transaction(
        _block(
            "DECLARE",
            f"  done_key {name}.{column}%TYPE;",
            f"  last_key {name}.{column}%TYPE;",
            "BEGIN",
            "  LOOP",
            f"    SELECT {column} INTO last_key FROM (",  # noqa: S608 -- for people
            f"      SELECT {column} FROM {name}",  # noqa: S608
            f"      WHERE done_key IS NULL OR {column} > done_key ORDER BY {column} LIMIT {_BATCH}",
            f"    ) AS batch ORDER BY {column} DESC LIMIT 1;",
            "    EXIT WHEN last_key IS NULL;",
            f"    UPDATE {name} SET {assignments}",  # noqa: S608
            f"    WHERE {condition}{column} <= last_key AND (done_key IS NULL OR {column} > done_key);",
            "    done_key := last_key;",
            "    COMMIT;",
            "  END LOOP;",
            "END",
        )
    )


def delete_in_batches(table: str, where: str) -> str:
    """A DELETE that commits after every thousand rows."""
    name = quoted(table)
    condition = f" WHERE {where}" if where else ""
    return outside_transaction(
        _block(
            "BEGIN",
            "  LOOP",
            f"    DELETE FROM {name}",  # noqa: S608 -- for people
            f"    WHERE ctid IN (SELECT ctid FROM {name}{condition} LIMIT {_BATCH});",  # noqa: S608
            "    EXIT WHEN NOT FOUND;",
            "    COMMIT;",
            "  END LOOP;",
            "END",
        )
    )


def column_sql(name: str, given: SqlType, default: Expression | None = None, *, not_null: bool = False) -> str:
    """A column as ALTER TABLE ADD COLUMN has it."""
    words = [quoted(name), given.sql]
    if default is not None:
        words.append(f"DEFAULT {default.sql}")
    return " ".join([*words, *(["NOT NULL"] if not_null else [])])


def zero(given: SqlType) -> str:
    """A constant of the type, or empty."""
    return "'{}'" if given.is_array else _ZEROES.get(given.name, "")


def _block(*lines: str) -> str:
    return _call("\n".join(["DO $$", *lines, "$$"]))


def _call(sql: str) -> str:
    escaped = _escaped(sql)
    if "\n" not in sql and len(sql) <= 100:  # noqa: PLR2004 -- what fits in a line of the report
        return f"op.execute({_text(escaped, raw=escaped != sql)})"
    prefix = "r" if "\\" in escaped else ""
    return f'op.execute(\n    {prefix}"""\n{_indented(escaped)}\n    """\n)'


def _indented(sql: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in sql.splitlines())


def _escaped(sql: str) -> str:
    """With what `sqlalchemy.text`, which `op.execute` calls, would take for a parameter escaped."""
    return re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", sql)


def _schema(table: str) -> str:
    schema = table.rpartition(".")[0]
    return f"    schema={_text(schema)},\n" if schema else ""


def _text(value: str, *, raw: bool = False) -> str:
    if raw and '"' not in value:
        return f'r"{value}"'
    return f'"{value}"' if '"' not in value and "\\" not in value else repr(value)
