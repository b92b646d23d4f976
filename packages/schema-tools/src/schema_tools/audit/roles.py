"""Whether the role of the application may do more than the application needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import URL, Connection, MetaData, text

from schema_tools.audit.catalog import Check, found_by
from schema_tools.findings import Finding
from schema_tools.privileges import ROWS, as_parameter

_CHECKS: Final = (
    Check(
        rule="application-role-attributes",
        place="role {role}",
        message="the application's role has {attributes}",
        why="what takes over the application has these powers over the whole server",
        fix="ALTER ROLE {role} {taken};",
        query="""
            SELECT quote_ident(r.rolname) AS role, string_agg(a.attribute, ', ') AS attributes,
                   string_agg('NO' || a.attribute, ' ') AS taken
            FROM pg_roles r
            CROSS JOIN LATERAL (VALUES ('SUPERUSER', r.rolsuper), ('CREATEROLE', r.rolcreaterole),
                                       ('CREATEDB', r.rolcreatedb), ('REPLICATION', r.rolreplication),
                                       ('BYPASSRLS', r.rolbypassrls)) AS a(attribute, given)
            WHERE r.rolname = :role AND a.given GROUP BY 1
        """,
    ),
    Check(
        rule="application-role-owns",
        place="role {role}",
        message="the application's role owns the {kind} {name}",
        why="an owner can alter and drop it, and grant itself what was revoked",
        fix="ALTER {kind_in_sql} {name} OWNER TO {owner};",
        query="""
            SELECT quote_ident(r.rolname) AS role, owned.kind, upper(owned.kind COLLATE "C") AS kind_in_sql, owned.name,
                   CASE WHEN r.rolname = current_role THEN 'another_role' ELSE quote_ident(current_role) END AS owner
            FROM pg_roles r
            JOIN (SELECT relowner AS owner, name,
                         CASE relkind WHEN 'm' THEN 'materialized view' ELSE 'table' END AS kind
                  FROM own_tables
                  UNION ALL SELECT nspowner, quote_ident(nspname), 'schema' FROM pg_namespace
                  WHERE nspname !~ '^pg_'
                  UNION ALL SELECT datdba, quote_ident(datname), 'database' FROM pg_database
                  WHERE datname = current_database()) AS owned ON owned.owner = r.oid
            WHERE r.rolname = :role ORDER BY 2, 4
        """,
    ),
    # The members of these roles may do with every table, or with the server's files, what was granted to them nowhere:
    # https://www.postgresql.org/docs/current/predefined-roles.html
    Check(
        rule="application-role-membership",
        place="role {role}",
        message="the application's role is a member of {granted}, and so may act as {reached}",
        why="a member has what the other role may do, or can take its place by SET ROLE",
        fix="REVOKE {granted} FROM {role};",
        query="""
            SELECT quote_ident(r.rolname) AS role, quote_ident(g.rolname) AS granted,
                   CASE WHEN g.rolsuper THEN quote_ident(g.rolname)
                        ELSE string_agg(DISTINCT quote_ident(p.rolname), ', ') END AS reached
            FROM pg_roles r JOIN pg_auth_members m ON m.member = r.oid JOIN pg_roles g ON g.oid = m.roleid
            JOIN pg_roles p ON pg_has_role(g.oid, p.oid, 'MEMBER')
            WHERE r.rolname = :role
              AND (p.rolname IN ('pg_read_all_data', 'pg_write_all_data', 'pg_maintain', 'pg_execute_server_program',
                                 'pg_read_server_files', 'pg_write_server_files', 'pg_create_subscription')
                   OR EXISTS (SELECT FROM own_tables c WHERE c.relowner = p.oid)
                   OR p.rolsuper OR p.rolcreaterole OR p.rolcreatedb OR p.rolreplication OR p.rolbypassrls)
            GROUP BY r.rolname, g.rolname, g.rolsuper ORDER BY 2
        """,
    ),
    # An owner and a superuser may do everything, which the checks above say. CREATE may come from PUBLIC.
    Check(
        rule="application-role-creates",
        place="role {role}",
        message="the application's role may create objects in the {kind} {name}",
        why="it owns what it creates; a function of its own may run in place of another one, with other roles' rights",
        fix="REVOKE CREATE ON {kind_in_sql} {name} FROM PUBLIC, {role};",
        query="""
            SELECT quote_ident(r.rolname) AS role, place.kind, upper(place.kind COLLATE "C") AS kind_in_sql,
                   quote_ident(place.name) AS name
            FROM pg_roles r
            JOIN (SELECT 'schema' AS kind, nspname AS name, oid, nspowner AS owner FROM pg_namespace
                  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
                  UNION ALL SELECT 'database', datname, oid, datdba FROM pg_database
                  WHERE datname = current_database()) AS place
              ON CASE place.kind WHEN 'schema' THEN has_schema_privilege(r.oid, place.oid, 'CREATE')
                                 ELSE has_database_privilege(r.oid, place.oid, 'CREATE') END
            WHERE r.rolname = :role AND NOT pg_has_role(r.oid, place.owner, 'USAGE') ORDER BY 2, 4
        """,
    ),
    # MAINTAIN came with PostgreSQL 17, and its name is an error before.
    Check(
        rule="application-role-privileges",
        place="table {table}",
        message="the application's role {role} may {privileges}",
        why="the application needs {needed} there, and no more",
        fix="REVOKE {privileges} ON {table} FROM PUBLIC, {role};",
        query="""
            SELECT quote_ident(r.rolname) AS role, c.name AS table, string_agg(p.privilege, ', ') AS privileges,
                   (SELECT string_agg(n.privilege, ', ') FROM jsonb_array_elements_text(d.needed) AS n(privilege))
                     AS needed
            FROM pg_roles r CROSS JOIN own_tables c
            LEFT JOIN jsonb_each(CAST(:declared AS jsonb)) AS e(place, privileges) ON to_regclass(e.place) = c.oid
            CROSS JOIN LATERAL (SELECT coalesce(e.privileges, CAST(:rows AS jsonb)) AS needed) AS d
            JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']
                        || CASE WHEN current_setting('server_version_num')::int >= 170000
                                THEN ARRAY['MAINTAIN'] ELSE '{}' END) AS p(privilege)
              ON NOT d.needed @> to_jsonb(p.privilege) AND has_table_privilege(r.oid, c.oid, p.privilege)
            WHERE r.rolname = :role AND NOT pg_has_role(r.oid, c.relowner, 'USAGE')
            GROUP BY r.rolname, c.name, d.needed ORDER BY 2
        """,
    ),
)

# Found for a role that migrates and serves, too: the policies of tables are there to be held to.
_BYPASSED: Final = Check(
    rule="row-security-bypassed",
    place="role {role}",
    message="the application's role bypasses the row-level security of {tables}",
    why="a statement that forgets a condition then reaches every row, whatever the policies say",
    fix="-- Or serve as another role: `roles` prints the SQL of one.\nALTER ROLE {role} NOSUPERUSER NOBYPASSRLS;",
    query="""
        SELECT quote_ident(r.rolname) AS role, string_agg(c.name, ', ' ORDER BY c.name) AS tables
        FROM pg_roles r CROSS JOIN own_tables c
        WHERE r.rolname = :role AND c.relrowsecurity AND (r.rolsuper OR r.rolbypassrls) GROUP BY 1
    """,
)

# A role that has one of these is for migrations, or for everything.
_OF_A_MIGRATOR: Final = frozenset(one.rule for one in _CHECKS[:4])


@dataclass(slots=True)
class RoleFindings:
    """What was found, and in sentences what is worth a thought but nothing wrong."""

    findings: list[Finding] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)


def role_findings(
    connection: Connection, application: URL | None, metadata: MetaData, unseen: list[str]
) -> RoleFindings:
    """What the application's role may do beside what the tables declare.

    Args:
        connection: A connection of the role of migrations.
        application: The URL that the application connects with, or None where it is that of the connection. A role that
            the two share is no finding where it may migrate; that there is one is advice.
        metadata: The tables.
        unseen: Gets a sentence where the role cannot be told.
    """
    own = connection.scalar(text("SELECT current_role"))
    role = own if application is None else application.username
    if role is None:
        unseen.append("the application's role: its URL names none")
        return RoleFindings()
    if not connection.scalar(text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)"), {"role": role}):
        unseen.append(f"the application's role: there is no role {role} on this server")
        return RoleFindings()
    bypassed = list(found_by(connection, (_BYPASSED,), role=role))
    found = list(found_by(connection, _CHECKS, **_parameters(connection, role, metadata)))
    if role != own or not any(one.rule in _OF_A_MIGRATOR for one in found):
        return RoleFindings(found + bypassed)
    shared = (
        f"the role {role} migrates and serves, so what takes over the application can drop every table:"
        " `roles` prints the SQL of separate ones"
    )
    return RoleFindings(bypassed, [shared])


def _parameters(connection: Connection, role: str, metadata: MetaData) -> Mapping[str, Any]:
    rows = '["' + '", "'.join(ROWS) + '"]'
    return {"role": role, "declared": as_parameter(metadata, connection), "rows": rows}
