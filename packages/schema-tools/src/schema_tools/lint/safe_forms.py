"""The code of safe forms: bodies of `upgrade()`, with the names of the statement that they replace."""

from collections.abc import Sequence
from typing import Final

from schema_tools.lint.actions import ColumnAction, ControlTransaction, short
from schema_tools.lint.definitions import ColumnFacts, SqlType
from schema_tools.lint.model import Schema
from schema_tools.lint.objects import CreateIndex
from schema_tools.lint.rendering import alter_table, as_text, execute, in_block, outside_transaction, quoted, revisions
from schema_tools.lint.rule import Step
from schema_tools.lint.waivers import waiver_comment

_BATCH: Final = 1000

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


def split(steps: Sequence[Step]) -> str:
    """One revision for each statement; the light ones stay with the next one."""
    bodies: list[list[str]] = [[]]
    for step in steps:
        if not any(isinstance(one, ControlTransaction) for one in step.actions):
            code = execute(step.sql)
            bodies[-1].append(code if step.transaction is not None else outside_transaction(code))
            bodies += [] if step.is_light else [[]]
    return revisions(*("\n".join(body) for body in bodies))


def create_index(index: CreateIndex) -> str:
    """The same index, built while the table is used."""
    if not index.plain:
        return outside_transaction(execute(index.concurrent_sql))
    schema = index.table.rpartition(".")[0]
    arguments = [as_text(index.name), as_text(short(index.table)), f"[{', '.join(map(as_text, index.keys))}]"]
    arguments += ["unique=True"] if index.unique else []
    arguments += [f"schema={as_text(schema)}"] if schema else []
    arguments += ["postgresql_concurrently=True", "if_not_exists=True"]
    listed = "".join(f"    {argument},\n" for argument in arguments)
    return outside_transaction(f"op.create_index(\n{listed})")


def validated_later(table: str, name: str, definition: str) -> str:
    """A constraint that holds for new rows at once, and is proven for the rows that are there in the next revision."""
    return revisions(
        alter_table(table, f"ADD CONSTRAINT {quoted(name)} {definition} NOT VALID"),
        alter_table(table, f"VALIDATE CONSTRAINT {quoted(name)}"),
    )


def not_null_without_scan(table: str, *columns: str) -> str:
    """NOT NULL for columns without a scan under a lock that stops readers."""
    names = {column: quoted(f"ck_{short(table)}_{column}_not_null") for column in columns}
    adding = (f"ADD CONSTRAINT {name} CHECK ({quoted(column)} IS NOT NULL) NOT VALID" for column, name in names.items())
    validating = (f"VALIDATE CONSTRAINT {name}" for name in names.values())
    setting = (f"ALTER COLUMN {quoted(column)} SET NOT NULL" for column in names)
    dropping = (f"DROP CONSTRAINT {name}" for name in names.values())
    return revisions(
        alter_table(table, ", ".join(adding)),
        alter_table(table, ", ".join(validating)),
        # In a statement of its own: PostgreSQL drops first, and then has no proof that spares it the scan.
        alter_table(table, ", ".join(setting), ", ".join(dropping)),
    )


def replaced_column(
    schema: Schema, action: ColumnAction, new: str, given: SqlType, *, value: str, where: str = ""
) -> str:
    """A second column in place of the first, over two releases; empty where `update_in_batches` is."""
    table, old = action.table, action.column
    filling = update_in_batches(schema, table, f"{quoted(new)} = {value}", where)
    waiver = waiver_comment("drop-column", f"every release that runs reads and writes {new}")
    return filling and revisions(
        alter_table(table, f"ADD COLUMN {quoted(new)} {given.sql}"),
        f"# The release before this one writes both columns.\n{filling}",
        f"{waiver}\n{alter_table(table, f'DROP COLUMN {quoted(old)}')}",
    )


def update_in_batches(schema: Schema, table: str, assignments: str, where: str = "") -> str:
    """An UPDATE that commits after every thousand rows; empty where the table has no key of one column to go by."""
    key = schema.table(table).primary_key()
    if len(key) != 1:
        return ""
    name, column = quoted(table), quoted(key[0])
    condition = f"({where}) AND " if where else ""
    return in_block(f"""\
DECLARE
  done_key {name}.{column}%TYPE;
  last_key {name}.{column}%TYPE;
BEGIN
  LOOP
    SELECT {column} INTO last_key FROM (
      SELECT {column} FROM {name}
      WHERE done_key IS NULL OR {column} > done_key ORDER BY {column} LIMIT {_BATCH}
    ) AS batch ORDER BY {column} DESC LIMIT 1;
    EXIT WHEN last_key IS NULL;
    UPDATE {name} SET {assignments}
    WHERE {condition}{column} <= last_key AND (done_key IS NULL OR {column} > done_key);
    done_key := last_key;
    COMMIT;
  END LOOP;
END""")  # noqa: S608 -- for people


def delete_in_batches(table: str, where: str) -> str:
    """A DELETE that commits after every thousand rows."""
    name = quoted(table)
    condition = f" WHERE {where}" if where else ""
    return in_block(f"""\
BEGIN
  LOOP
    DELETE FROM {name}
    WHERE ctid IN (SELECT ctid FROM {name}{condition} LIMIT {_BATCH});
    EXIT WHEN NOT FOUND;
    COMMIT;
  END LOOP;
END""")  # noqa: S608 -- for people


def column_sql(column: ColumnFacts) -> str:
    """A column as ALTER TABLE ADD COLUMN has it."""
    default = f" DEFAULT {column.default.sql}" if column.default is not None else ""
    return f"{quoted(column.name)} {column.type.sql}{default}{' NOT NULL' if column.not_null else ''}"


def zero(given: SqlType) -> str:
    """A constant of the type, or empty."""
    return "'{}'" if given.is_array else _ZEROES.get(given.name, "")
