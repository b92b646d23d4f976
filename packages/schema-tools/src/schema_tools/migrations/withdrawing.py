"""Withdrawing what default privileges give on a new table, where the table declares less."""

from typing import Final

from sqlalchemy import Connection, MetaData, text

from schema_tools.privileges import as_parameter

# What ALTER DEFAULT PRIVILEGES gave on a table when it was created, and the table does not declare. What was granted by
# hand stays, and so do the tables of other owners.
_TOO_MUCH: Final = """
SELECT c.oid::regclass::text COLLATE "C" AS table,
       string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) AS privileges,
       CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee
FROM jsonb_each(CAST(:declared AS jsonb)) AS d
JOIN pg_class c ON c.oid = to_regclass(d.key)
CROSS JOIN LATERAL aclexplode(c.relacl) AS a
WHERE a.grantee <> c.relowner AND pg_has_role(c.relowner, 'USAGE')
  AND NOT d.value @> to_jsonb(a.privilege_type)
  AND EXISTS (SELECT FROM pg_default_acl f CROSS JOIN LATERAL aclexplode(f.defaclacl) AS e
              WHERE f.defaclrole = c.relowner AND f.defaclobjtype = 'r' AND f.defaclnamespace IN (0, c.relnamespace)
                AND e.grantee = a.grantee AND e.privilege_type = a.privilege_type)
GROUP BY c.oid, a.grantee
ORDER BY 1, 3
"""


def withdraw_undeclared(connection: Connection, metadata: MetaData) -> None:
    """Take from other roles what default privileges gave them on a new table, and the table does not declare."""
    if connection.dialect.name != "postgresql":
        return
    declared = as_parameter(metadata, connection)
    for row in connection.execute(text(_TOO_MUCH), {"declared": declared}).mappings().all():
        # All three come quoted from the catalog; a percent sign in a name is no parameter.
        statement = "REVOKE {privileges} ON {table} FROM {grantee}".format_map(row)
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
