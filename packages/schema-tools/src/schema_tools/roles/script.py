"""The SQL script that makes the three roles of a database, and gives each what it needs."""

from collections.abc import Iterator
from typing import Final

from psycopg.sql import SQL, Composable, Identifier, Literal
from sqlalchemy import MetaData

from schema_tools.privileges import ROWS, declared_privileges, schemas
from schema_tools.roles.names import RoleNames

_HEADER: Final = """\
-- The roles of the database {database}. Run this in it as a superuser, or as a role with CREATEROLE that owns it:
--   psql --set ON_ERROR_STOP=1 --file roles.sql
-- It may be run again at any time. It sets no password: give each role one, in psql by \\password."""

_RIGHT_DATABASE: Final = SQL("""\
BEGIN
  IF current_database() <> {database} THEN
    RAISE EXCEPTION 'this is the database %, and the roles are for %', current_database(), {database};
  END IF;
END""")

_CREATE: Final = SQL("""\
DECLARE
  role name;
BEGIN
  FOREACH role IN ARRAY ARRAY[{migrator}, {application}, {reader}] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format('CREATE ROLE %I LOGIN', role);
    END IF;
  END LOOP;
  -- Default privileges are set, and objects handed over, by a member only; a superuser counts as one.
  IF NOT pg_has_role({migrator}, 'USAGE') THEN
    EXECUTE format('GRANT %I TO %I', {migrator}, current_role);
  END IF;
END""")

_TABLES: Final = SQL("""\
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT * FROM (VALUES
      {tables}
    ) AS declared(name, privileges)
    WHERE to_regclass(name) IS NOT NULL
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %I, %I', found.name, {application}, {reader});
    EXECUTE format('GRANT %s ON %s TO %I', found.privileges, found.name, {application});
    EXECUTE format('GRANT SELECT ON %s TO %I', found.name, {reader});
  END LOOP;
END""")

# The sequence of a column goes with its table, and what belongs to an extension stays with it.
_TAKE_OVER: Final = SQL("""\
DECLARE
  change text;
BEGIN
  FOR change IN
    SELECT format('%s %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN
                  'MATERIALIZED VIEW' ELSE 'TABLE' END, c.oid::regclass)
    FROM pg_class c
    WHERE c.relnamespace = to_regnamespace({schema}) AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                      AND (d.deptype = 'e' OR c.relkind = 'S' AND d.deptype IN ('a', 'i')))
    UNION ALL
    SELECT format('ROUTINE %s', p.oid::regprocedure) FROM pg_proc p
    WHERE p.pronamespace = to_regnamespace({schema}) AND p.prokind <> 'a'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                      AND d.deptype = 'e')
    UNION ALL
    SELECT format('%s %s', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.oid::regtype) FROM pg_type t
    WHERE t.typnamespace = to_regnamespace({schema}) AND t.typtype IN ('d', 'e')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid
                      AND d.deptype = 'e')
  LOOP
    EXECUTE format('ALTER %s OWNER TO %I', change, {migrator});
  END LOOP;
END""")


def roles_script(metadata: MetaData, database: str, names: RoleNames, *, take_over: bool = False) -> str:
    """The script. It changes nothing that is so already.

    Args:
        metadata: The tables, which declare what the application needs of each.
        database: The database that it is for; it stops in another one.
        names: The names of the roles.
        take_over: Whether the migrator becomes the owner of all that is in the schemas.

    Raises:
        SchemaToolsError: A table declares something else than privileges on rows.
    """
    # A line break in a name would end the comment.
    parts = [_HEADER.format(database=" ".join(Identifier(database).as_string(None).split())), "BEGIN;"]
    parts.append("SET LOCAL lock_timeout = '5s';")
    parts += [_text(part) for part in _parts(metadata, database, names, take_over=take_over)]
    return "\n".join([*parts, "COMMIT;", ""])


def _parts(metadata: MetaData, database: str, names: RoleNames, *, take_over: bool) -> Iterator[Composable]:
    literals = {
        "migrator": Literal(names.migrator),
        "application": Literal(names.application),
        "reader": Literal(names.reader),
    }
    yield _do(_RIGHT_DATABASE.format(database=Literal(database)))
    yield _do(_CREATE.format(**literals))
    yield from _of_database(database, names)
    for schema in schemas(metadata):
        yield from _of_schema(schema, names)
        if take_over:
            quoted = Literal(Identifier(schema).as_string(None))
            yield _do(_TAKE_OVER.format(schema=quoted, **literals))
    yield _do(_TABLES.format(tables=_declared(metadata), **literals))


def _of_database(database: str, names: RoleNames) -> Iterator[Composable]:
    """What the roles may do in the database."""
    for statement in (
        "REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC;",
        # `drift` makes the tables in a schema of its own, and rolls that back.
        "GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {database} TO {migrator};",
        # Imports stage their rows in a temporary table.
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {application};",
        "GRANT CONNECT ON DATABASE {database} TO {reader};",
    ):
        yield SQL(statement).format(database=Identifier(database), **_identifiers(names))


def _of_schema(schema: str, names: RoleNames) -> Iterator[Composable]:
    """What the roles may do in a schema, and with the tables and sequences that the migrator will make in it."""
    future = "ALTER DEFAULT PRIVILEGES FOR ROLE {migrator} IN SCHEMA {schema} GRANT"
    for statement in (
        *([] if schema == "public" else ["CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {migrator};"]),
        "REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {application}, {reader};",
        "GRANT USAGE, CREATE ON SCHEMA {schema} TO {migrator};",
        "GRANT USAGE ON SCHEMA {schema} TO {application}, {reader};",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {application};",
        f"{future} {', '.join(ROWS)} ON TABLES TO {{application}};",
        f"{future} USAGE ON SEQUENCES TO {{application}};",
        f"{future} SELECT ON TABLES TO {{reader}};",
    ):
        yield SQL(statement).format(schema=Identifier(schema), **_identifiers(names))


def _identifiers(names: RoleNames) -> dict[str, Identifier]:
    return {
        "migrator": Identifier(names.migrator),
        "application": Identifier(names.application),
        "reader": Identifier(names.reader),
    }


def _declared(metadata: MetaData) -> Composable:
    """Each table as SQL has its name, and what the application may do with it, as rows of VALUES."""
    rows = [
        SQL("({}, {})").format(
            Literal(Identifier(schema or "public", name).as_string(None)), Literal(", ".join(privileges))
        )
        for (schema, name), privileges in declared_privileges(metadata).items()
    ]
    return SQL(",\n      ").join(rows)


def _do(body: Composable) -> Composable:
    """A block of PL/pgSQL, between dollar signs with a tag that is not in it."""
    text, tag = _text(body), "$roles$"
    while tag in text:
        tag = f"{tag[:-1]}_$"
    return SQL(f"DO {tag}\n{{}}\n{tag};").format(body)


def _text(part: Composable) -> str:
    return part.as_string(None)
