"""The audit names what the application's role may do beside its work, with the statement that ends it."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from psycopg.sql import Identifier
from sqlalchemy import Column, Integer, MetaData, Table, make_url

from role_databases import RoleDatabase, execute, new_names, three_roles
from schema_tools.audit.live import Audit, audit
from schema_tools.migrations.withdrawing import withdraw_undeclared
from schema_tools.roles.script import roles_script
from schema_tools.testing.plain_sql import connected

metadata = MetaData()
Table("notes", metadata, Column("id", Integer, primary_key=True))
Table("trail", metadata, Column("id", Integer, primary_key=True), info={"privileges": ("SELECT", "INSERT")})


@pytest.fixture
def database(empty_postgres_url: str) -> Iterator[RoleDatabase]:
    names = new_names()
    script = roles_script(metadata, str(make_url(empty_postgres_url).database), names)
    with three_roles(empty_postgres_url, script, names) as made:
        with connected(made.migrator) as connection:
            metadata.create_all(connection)
            withdraw_undeclared(connection, metadata)
        yield made


def judged(database: RoleDatabase) -> Audit:
    return audit(database.migrator, application=database.application, metadata=metadata)


class Condition(NamedTuple):
    """What is wrong, what makes it, and a part of what is said."""

    rule: str
    made_by: str
    said: str


CONDITIONS = [
    Condition("attributes", "ALTER ROLE {role} SUPERUSER", "has SUPERUSER"),
    Condition("attributes", "ALTER ROLE {role} CREATEDB CREATEROLE", "has CREATEROLE, CREATEDB"),
    Condition("attributes", "ALTER ROLE {role} REPLICATION BYPASSRLS", "has REPLICATION, BYPASSRLS"),
    Condition("owns", "ALTER TABLE notes OWNER TO {role}", "owns the table notes"),
    Condition("owns", 'ALTER DATABASE "{database}" OWNER TO {role}', "owns the database"),
    Condition("owns", "ALTER SCHEMA public OWNER TO {role}", "owns the schema public"),
    Condition("creates", "GRANT CREATE ON SCHEMA public TO {role}", "in the schema public"),
    Condition("creates", "GRANT CREATE ON SCHEMA public TO PUBLIC", "in the schema public"),
    Condition("creates", 'GRANT CREATE ON DATABASE "{database}" TO {role}', "in the database"),
    Condition("privileges", "GRANT TRUNCATE, TRIGGER ON notes TO {role}", "may TRUNCATE, TRIGGER"),
    Condition("privileges", "GRANT UPDATE ON trail TO {role}", "may UPDATE"),
    Condition("membership", "GRANT pg_write_server_files TO {role}", "may act as pg_write_server_files"),
    Condition("membership", "GRANT {migrator} TO {role}", "may act as"),
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda one: one.made_by)
def test_what_the_role_may_do_beside_its_work_is_found_and_its_fix_ends_it(
    database: RoleDatabase, empty_postgres_url: str, condition: Condition
) -> None:
    assert judged(database).findings == []
    role, migrator = (Identifier(one).as_string(None) for one in (database.names.application, database.names.migrator))
    name = make_url(empty_postgres_url).database
    execute(empty_postgres_url, condition.made_by.format(role=role, migrator=migrator, database=name))

    found = judged(database)

    # What a member may do by the other role is found as well.
    assert f"application-role-{condition.rule}" in {one.rule for one in found.findings}
    assert any(condition.said in one.message for one in found.findings)
    assert found.advice == []
    execute(empty_postgres_url, *(one.fix for one in found.findings))
    assert judged(database).findings == []


def test_a_role_of_its_own_is_judged_without_the_migrators_url(database: RoleDatabase, empty_postgres_url: str) -> None:
    role = Identifier(database.names.application).as_string(None)
    assert audit(database.application, metadata=metadata).findings == []
    execute(empty_postgres_url, f"GRANT TRUNCATE ON notes TO {role}")

    [found] = audit(database.application, metadata=metadata).findings

    assert (found.rule, found.place) == ("application-role-privileges", "table notes")


def test_one_role_for_both_is_advice(empty_postgres_url: str) -> None:
    with connected(empty_postgres_url) as connection:
        metadata.create_all(connection)

    for application in (None, empty_postgres_url):
        found = audit(empty_postgres_url, application=application, metadata=metadata)
        assert found.findings == []
        [sentence] = found.advice
        assert "migrates and serves" in sentence


def test_a_role_that_bypasses_row_level_security_is_found(database: RoleDatabase, empty_postgres_url: str) -> None:
    """Also one that migrates and serves, since then the policies hold nothing back."""
    role = Identifier(database.names.application).as_string(None)
    execute(empty_postgres_url, "ALTER TABLE notes ENABLE ROW LEVEL SECURITY")
    assert judged(database).findings == []
    [shared] = audit(empty_postgres_url, metadata=metadata).findings
    assert (shared.rule, "notes" in shared.message) == ("row-security-bypassed", True)
    execute(empty_postgres_url, f"ALTER ROLE {role} BYPASSRLS")

    found = judged(database).findings

    assert {one.rule for one in found} == {"application-role-attributes", "row-security-bypassed"}
    execute(empty_postgres_url, *(one.fix for one in found))
    assert judged(database).findings == []


def test_a_role_that_cannot_be_told_is_not_judged(database: RoleDatabase) -> None:
    for url, reason in (
        ("postgresql+psycopg://127.0.0.1/x", "its URL names none"),
        ("postgresql+psycopg://stranger@127.0.0.1/x", "there is no role stranger on this server"),
    ):
        found = audit(database.migrator, application=url, metadata=metadata)
        assert found.findings == []
        assert any(reason in sentence for sentence in found.unseen)


@pytest.mark.parametrize(
    ("parameters", "rules"),
    [
        ("", {"connection-not-verified"}),
        ("?sslmode=require", {"connection-not-verified"}),
        ("?sslmode=verify-full&sslrootcert=ca.crt", set()),
        ("?hostaddr=127.0.0.1", set()),
    ],
)
def test_the_url_of_the_application_is_to_verify_the_server(
    database: RoleDatabase, parameters: str, rules: set[str]
) -> None:
    elsewhere = make_url(database.application).set(host="db.internal").render_as_string(hide_password=False)

    found = audit(database.migrator, application=f"{elsewhere}{parameters}", metadata=metadata)

    assert {one.rule for one in found.findings} == rules


def test_a_connection_to_another_machine_is_to_be_encrypted(database: RoleDatabase) -> None:
    # It is no name of this machine's own, and leads back to it all the same.
    elsewhere = "0.0.0.0"  # noqa: S104 -- nothing is bound to it
    here = make_url(database.migrator).set(host=elsewhere).render_as_string(hide_password=False)

    found = audit(f"{here}?sslmode=disable", application=database.application, metadata=metadata)

    assert [one.rule for one in found.findings] == ["connection-not-encrypted"]
    assert "sslmode=verify-full" in found.findings[0].fix
