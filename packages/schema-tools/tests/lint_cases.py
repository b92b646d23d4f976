"""What each rule for revisions fires on beside its own example, and what it is quiet about.

The upgrades are upon the schema of `schema_tools.lint.document`. The safe forms that the findings themselves give are
tested beside these.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cases:
    """Bodies of `upgrade()`: each of `unsafe` breaks the rule, none of `safe` does."""

    unsafe: tuple[str, ...] = ()
    safe: tuple[str, ...] = ()


def autocommit(code: str) -> str:
    return "with op.get_context().autocommit_block():\n" + "\n".join(f"    {line}" for line in code.splitlines())


def sql(*statements: str) -> str:
    return "\n".join(f"op.execute({statement!r})" for statement in statements)


NEW = "CREATE TABLE notes (id integer PRIMARY KEY, member_id integer, body text)"

CASES: dict[str, Cases] = {
    "index-not-concurrent": Cases(
        unsafe=(
            sql("CREATE INDEX ON members (lower(name)) WHERE age > 3"),
            sql("CREATE UNIQUE INDEX ix_orders_member_id ON orders (member_id, id)"),
            'with op.batch_alter_table("members") as batch_op:\n    batch_op.create_index("ix_members_age", ["age"])',
            sql("CREATE INDEX ix_events_day ON events (day DESC)"),
        ),
        safe=(
            sql(NEW) + '\nop.create_index("ix_notes_member_id", "notes", ["member_id"])',
            autocommit(sql("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_orders_total ON orders (total)")),
            sql("CREATE INDEX ix_events_id ON ONLY events (id)"),
        ),
    ),
    "drop-index-not-concurrent": Cases(
        unsafe=(sql("DROP INDEX IF EXISTS ix_members_name"), sql("DROP INDEX public.ix_members_name")),
        safe=(
            autocommit('op.drop_index("ix_members_name", "members", postgresql_concurrently=True, if_exists=True)'),
            sql(NEW, "CREATE INDEX ix_notes ON notes (body)", "DROP INDEX ix_notes"),
            # What autogenerate makes of a column or a table that is gone with its index: one lock, taken anyway.
            'op.drop_index("ix_members_name", table_name="members")\nop.drop_column("members", "name")',
            sql("DROP INDEX ix_members_name", "DROP TABLE members"),
        ),
    ),
    "reindex-not-concurrent": Cases(
        unsafe=(sql("REINDEX TABLE members"), autocommit(sql("REINDEX SCHEMA public"))),
        safe=(
            autocommit(sql("REINDEX TABLE CONCURRENTLY members")),
            autocommit(sql("REINDEX (CONCURRENTLY) TABLE members")),
        ),
    ),
    "concurrently-in-transaction": Cases(
        unsafe=(
            sql("DROP INDEX CONCURRENTLY ix_members_name"),
            sql("REINDEX INDEX CONCURRENTLY ix_members_name"),
            sql("ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY"),
        ),
        safe=(sql("REFRESH MATERIALIZED VIEW CONCURRENTLY team_sizes"),),
    ),
    "concurrently-beside-other-work": Cases(
        unsafe=(
            autocommit(
                sql(
                    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_orders_total ON orders (total)",
                    "DROP INDEX CONCURRENTLY IF EXISTS ix_members_name",
                )
            ),
            sql("DROP TRIGGER t ON members")
            + "\n"
            + autocommit(sql("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_orders_total ON orders (total)")),
        ),
        safe=(
            # The cure of a build that failed.
            autocommit(
                sql(
                    "DROP INDEX CONCURRENTLY IF EXISTS ix_members_name",
                    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_members_name ON members (name)",
                )
            ),
            sql("SET LOCAL statement_timeout = '2h'")
            + "\n"
            + autocommit(sql("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_orders_total ON orders (total)")),
        ),
    ),
    "unique-over-existing-rows": Cases(
        unsafe=(
            'op.create_unique_constraint("uq_members_name", "members", ["name"])',
            sql("ALTER TABLE members ADD CONSTRAINT uq_members_name UNIQUE (name)"),
            'op.create_index("ix_members_name_unique", "members", ["name"], unique=True)',
        ),
        safe=(
            # What is unique already stays so with more columns.
            autocommit(sql("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix_more ON members (name, email)")),
            sql(NEW, "CREATE UNIQUE INDEX ix_notes ON notes (body)"),
            autocommit(sql("DROP INDEX CONCURRENTLY IF EXISTS ix_team_sizes_team_id"))
            + "\n"
            + autocommit(
                sql("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix_team_sizes_team_id ON team_sizes (team_id)")
            ),
        ),
    ),
    "foreign-key-without-not-valid": Cases(
        unsafe=(
            sql("ALTER TABLE members ADD CONSTRAINT fk FOREIGN KEY (team_id) REFERENCES teams"),
            sql("ALTER TABLE members ADD FOREIGN KEY (team_id) REFERENCES public.teams (id) ON DELETE CASCADE"),
            sql("ALTER TABLE members ADD COLUMN boss_id integer DEFAULT 1 REFERENCES teams"),
            sql("ALTER TABLE events ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES members"),
            'op.add_column("members", sa.Column("boss_id", sa.Integer(), sa.ForeignKey("teams.id", name="fk_boss")))',
        ),
        safe=(
            sql("ALTER TABLE members ADD CONSTRAINT fk FOREIGN KEY (team_id) REFERENCES teams NOT VALID"),
            'op.create_foreign_key("fk", "members", "teams", ["team_id"], ["id"], postgresql_not_valid=True)',
            # A new column without a default has nothing to look up, so PostgreSQL does not.
            sql("ALTER TABLE members ADD COLUMN boss_id integer REFERENCES teams"),
            sql("CREATE TABLE notes (member_id integer REFERENCES members)"),
        ),
    ),
    "check-without-not-valid": Cases(
        unsafe=(
            sql("ALTER TABLE members ADD CHECK (balance >= 0)"),
            sql("ALTER TABLE members ADD COLUMN height integer CHECK (height > 0)"),
        ),
        safe=(
            'op.create_check_constraint("ck", "members", "balance >= 0", postgresql_not_valid=True)',
            sql("ALTER TABLE members ADD CONSTRAINT ck CHECK (balance >= 0) NOT VALID"),
        ),
    ),
    "validate-with-add": Cases(
        unsafe=(
            sql(
                "ALTER TABLE members ADD CONSTRAINT fk FOREIGN KEY (team_id) REFERENCES teams NOT VALID",
                "ALTER TABLE members VALIDATE CONSTRAINT fk",
            ),
            sql("ALTER TABLE members ADD CONSTRAINT ck CHECK (age < 200) NOT VALID, VALIDATE CONSTRAINT ck"),
        ),
        safe=(sql("ALTER TABLE members VALIDATE CONSTRAINT ck_members_age"),),
    ),
    "unique-builds-index": Cases(
        unsafe=(
            sql("ALTER TABLE members ADD UNIQUE (name)"),
            sql("ALTER TABLE events ADD UNIQUE (id, day)"),
            sql("ALTER TABLE members ADD COLUMN phone text UNIQUE"),
            'with op.batch_alter_table("members") as batch_op:\n    batch_op.create_unique_constraint("uq", ["name"])',
        ),
        safe=(
            sql("ALTER TABLE team_sizes ADD CONSTRAINT uq UNIQUE USING INDEX ix_team_sizes_team_id"),
            sql(NEW, "ALTER TABLE notes ADD UNIQUE (body)"),
        ),
    ),
    "primary-key-builds-index": Cases(
        unsafe=(
            sql("ALTER TABLE logs ADD PRIMARY KEY (number)"),
            sql("ALTER TABLE logs ADD COLUMN id integer PRIMARY KEY"),
            autocommit(sql("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix_logs ON logs (number)"))
            + "\n"
            + sql("ALTER TABLE logs ADD CONSTRAINT logs_pkey PRIMARY KEY USING INDEX ix_logs"),
        ),
        safe=(
            autocommit(sql("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix_bookings ON bookings (during)"))
            + "\n"
            + sql("ALTER TABLE bookings ADD CONSTRAINT bookings_pkey PRIMARY KEY USING INDEX ix_bookings"),
        ),
    ),
    "exclude-constraint": Cases(
        unsafe=(
            """\
from sqlalchemy.dialects.postgresql import ExcludeConstraint
with op.batch_alter_table("bookings") as batch_op:
    batch_op.create_exclude_constraint("ex_bookings", ("during", "&&"), using="gist")""",
        ),
        safe=(sql("CREATE TABLE notes (during daterange, EXCLUDE USING gist (during WITH &&))"),),
    ),
    "several-foreign-keys": Cases(
        unsafe=(
            """\
op.create_foreign_key("fk", "members", "teams", ["team_id"], ["id"], postgresql_not_valid=True)
op.create_foreign_key("fk2", "orders", "members", ["member_id"], ["id"], postgresql_not_valid=True)""",
        ),
        safe=(
            sql("CREATE TABLE notes (member_id integer REFERENCES members, team_id integer REFERENCES teams)"),
            sql(
                "ALTER TABLE members ADD CONSTRAINT one FOREIGN KEY (team_id) REFERENCES teams NOT VALID",
                "ALTER TABLE members ADD CONSTRAINT two FOREIGN KEY (age) REFERENCES teams NOT VALID",
            ),
        ),
    ),
    "set-not-null": Cases(
        unsafe=(
            sql("ALTER TABLE members ALTER name SET NOT NULL"),
            'with op.batch_alter_table("members") as batch_op:\n    batch_op.alter_column("name", nullable=False)',
            sql("ALTER TABLE members ADD CONSTRAINT nn NOT NULL name"),
            # Not validated, it proves nothing.
            sql("ALTER TABLE members ADD CONSTRAINT nn CHECK (name IS NOT NULL) NOT VALID")
            + "\n"
            + sql("ALTER TABLE members ALTER name SET NOT NULL"),
        ),
        safe=(
            sql("ALTER TABLE members ALTER email SET NOT NULL"),
            sql("ALTER TABLE members ADD CONSTRAINT nn NOT NULL name NOT VALID"),
            sql(
                "ALTER TABLE members ADD CONSTRAINT nn CHECK (age > 1 AND name IS NOT NULL) NOT VALID",
                "ALTER TABLE members VALIDATE CONSTRAINT nn",
                "ALTER TABLE members ALTER name SET NOT NULL",
            ),
        ),
    ),
    "type-change-rewrites": Cases(
        unsafe=(
            sql("ALTER TABLE members ALTER age TYPE bigint"),
            sql("ALTER TABLE members ALTER name TYPE varchar(100)"),
            sql("ALTER TABLE members ALTER balance TYPE numeric(10, 3)"),
            sql("ALTER TABLE members ALTER created_at TYPE timestamptz"),
            sql("ALTER TABLE members ALTER name TYPE text USING upper(name)"),
            sql("ALTER TABLE members ALTER unknown TYPE text"),
            sql("ALTER TABLE logs ALTER message TYPE varchar(5)"),
            'with op.batch_alter_table("members") as batch:\n    batch.alter_column("age", type_=sa.BigInteger())',
        ),
        safe=(
            sql("ALTER TABLE members ALTER name TYPE varchar(300)"),
            sql("ALTER TABLE members ALTER name TYPE text USING name::text"),
            sql("ALTER TABLE members ALTER name TYPE varchar"),
            sql("ALTER TABLE members ALTER balance TYPE numeric(12, 2)"),
            sql("ALTER TABLE members ALTER balance TYPE numeric"),
            sql("ALTER TABLE members ALTER created_at TYPE timestamp(3)"),
            sql("ALTER TABLE members ALTER created_at TYPE timestamp"),
            sql("ALTER TABLE logs ALTER message TYPE varchar"),
            'op.alter_column("members", "name", type_=sa.String(300))',
        ),
    ),
    "volatile-default": Cases(
        unsafe=(
            sql("ALTER TABLE members ADD COLUMN seen timestamptz DEFAULT clock_timestamp()"),
            sql("ALTER TABLE members ADD COLUMN luck float DEFAULT random() * 2"),
            sql("CREATE SEQUENCE s", "ALTER TABLE members ADD COLUMN number integer DEFAULT nextval('s')"),
            sql("ALTER TABLE members ADD COLUMN code text DEFAULT unknown_function()"),
        ),
        safe=(
            sql("ALTER TABLE members ADD COLUMN seen timestamptz DEFAULT now()"),
            sql("ALTER TABLE members ADD COLUMN seen timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL"),
            sql("ALTER TABLE members ADD COLUMN phone text DEFAULT ''"),
            sql("ALTER TABLE members ALTER name SET DEFAULT gen_random_uuid()::text"),
            sql(
                "CREATE FUNCTION seven() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 7'",
                "ALTER TABLE members ADD COLUMN seven integer DEFAULT seven()",
            ),
        ),
    ),
    "identity-or-serial-column": Cases(
        unsafe=(
            sql("ALTER TABLE members ADD COLUMN number bigserial"),
            sql("ALTER TABLE members ADD COLUMN number integer GENERATED ALWAYS AS IDENTITY"),
            'op.add_column("members", sa.Column("number", sa.Integer(), sa.Identity()))',
        ),
        safe=(sql("CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY, number serial)"),),
    ),
    "stored-generated-column": Cases(
        unsafe=(
            sql("ALTER TABLE members ADD COLUMN initial text GENERATED ALWAYS AS (left(name, 1)) STORED"),
            sql("ALTER TABLE members ALTER COLUMN initial SET EXPRESSION AS (left(email, 1))"),
        ),
        safe=(sql("ALTER TABLE members ADD COLUMN initial text GENERATED ALWAYS AS (left(name, 1)) VIRTUAL"),),
    ),
    "vacuum-full": Cases(
        unsafe=(autocommit(sql("VACUUM (FULL, ANALYZE) members")), autocommit(sql("VACUUM FULL"))),
        safe=(autocommit(sql("VACUUM (FULL false) members")),),
    ),
    "cluster": Cases(
        unsafe=(sql("CLUSTER members"), autocommit(sql("CLUSTER"))),
        safe=(sql("ALTER TABLE members CLUSTER ON ix_members_name"),),
    ),
    "storage-rewrite": Cases(
        unsafe=(
            sql("ALTER TABLE members SET LOGGED"),
            sql("ALTER TABLE members SET TABLESPACE fast"),
            sql("ALTER TABLE members SET ACCESS METHOD heap"),
        ),
        safe=(sql("ALTER TABLE members SET (fillfactor = 90)"),),
    ),
    "refresh-not-concurrent": Cases(
        safe=(sql("CREATE MATERIALIZED VIEW v AS SELECT 1 AS one", "REFRESH MATERIALIZED VIEW v"),),
    ),
    "detach-not-concurrent": Cases(
        safe=(sql("ALTER TABLE events ATTACH PARTITION other FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')"),),
    ),
    "lock-table": Cases(
        unsafe=(sql("LOCK members"), sql("LOCK TABLE members, orders IN EXCLUSIVE MODE")),
        safe=(sql("LOCK TABLE members IN ROW EXCLUSIVE MODE"),),
    ),
    "work-after-exclusive-lock": Cases(
        unsafe=(
            'op.add_column("members", sa.Column("a", sa.Text()))\nop.add_column("orders", sa.Column("a", sa.Text()))',
            sql("ALTER TABLE members ADD COLUMN phone text", "CREATE INDEX ix ON orders (total)"),
            sql("ALTER TABLE members ADD COLUMN phone text", "ALTER TABLE members VALIDATE CONSTRAINT ck_members_age"),
            sql(
                "ALTER TABLE members ADD COLUMN phone text",
                "ALTER TABLE members ADD CONSTRAINT fk FOREIGN KEY (team_id) REFERENCES teams NOT VALID",
            ),
            sql("DROP TRIGGER t ON members", "ALTER TABLE orders ADD COLUMN note text"),
        ),
        safe=(
            sql("ALTER TABLE members ADD COLUMN phone text", "COMMENT ON COLUMN members.phone IS 'Phone'"),
            sql("ALTER TABLE members ADD COLUMN phone text", "ALTER TABLE members ADD COLUMN fax text"),
            sql("ALTER TABLE members ADD COLUMN phone text", "CREATE VIEW phones AS SELECT phone FROM members"),
            sql(NEW, "ALTER TABLE notes ADD COLUMN a text", "ALTER TABLE members ADD COLUMN phone text"),
            sql("CREATE TEMP TABLE t AS SELECT 1", "DROP TABLE t", "ALTER TABLE members ADD COLUMN phone text"),
        ),
    ),
    "trigger-with-other-work": Cases(
        unsafe=(
            sql(
                "ALTER TABLE members ADD COLUMN phone text",
                "CREATE TRIGGER t BEFORE UPDATE ON members FOR EACH ROW EXECUTE FUNCTION touch()",
            ),
        ),
        safe=(
            sql(
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
                "CREATE TRIGGER t BEFORE UPDATE ON members FOR EACH ROW EXECUTE FUNCTION f()",
                "CREATE TRIGGER u AFTER UPDATE ON members FOR EACH ROW EXECUTE FUNCTION f()",
            ),
            sql("DROP TRIGGER t ON members", "CREATE TRIGGER t AFTER UPDATE ON members EXECUTE FUNCTION touch()"),
            sql(NEW, "CREATE TRIGGER t BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch()"),
        ),
    ),
    "timeouts-switched-off": Cases(
        unsafe=(
            sql("SET LOCAL statement_timeout TO '0'"),
            sql("RESET lock_timeout"),
            sql("RESET ALL"),
            sql("SET statement_timeout TO DEFAULT"),
            sql("ALTER ROLE CURRENT_USER SET lock_timeout = 0"),
            sql("SELECT set_config('lock_timeout', '0', false)"),
            sql("DO $$ BEGIN PERFORM set_config('lock_timeout', '0', true); END $$"),
        ),
        safe=(
            sql("SET LOCAL statement_timeout = '2h'"),
            sql("SET search_path = DEFAULT"),
            sql("SELECT set_config('lock_timeout', '3s', false)"),
        ),
    ),
    "data-with-schema": Cases(
        unsafe=(
            """\
op.add_column("members", sa.Column("phone", sa.Text()))
members = sa.table("members", sa.column("id"), sa.column("phone"))
op.execute(members.update().where(members.c.id == 1).values(phone=""))""",
            sql("INSERT INTO teams VALUES (99, 'New')", "ALTER TABLE members ADD COLUMN phone text"),
            """\
op.bulk_insert(sa.table("teams", sa.column("id"), sa.column("name")), [{"id": 98, "name": "a:b"}])
op.add_column("members", sa.Column("phone", sa.Text()))""",
        ),
        safe=(
            sql(NEW, "INSERT INTO notes VALUES (1, 1, 'x')", "ALTER TABLE members ADD COLUMN phone text"),
            sql("INSERT INTO teams VALUES (99, 'New')", "UPDATE teams SET name = 'Old' WHERE id = 99"),
        ),
    ),
    "enum-value-used-at-once": Cases(
        unsafe=(
            sql("ALTER TYPE mood ADD VALUE 'calm'", "ALTER TABLE members ALTER mood SET DEFAULT 'calm'"),
            sql("ALTER TYPE mood ADD VALUE 'calm'", "CREATE TABLE notes (mood mood DEFAULT 'calm')"),
        ),
        safe=(
            sql("CREATE TYPE size AS ENUM ('s')", "ALTER TYPE size ADD VALUE 'm'", "SELECT 'm'::size"),
            """\
with op.get_context().autocommit_block():
    op.execute("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'calm'")
op.execute("UPDATE members SET mood = 'calm' WHERE id = 1")""",
        ),
    ),
    "drop-column": Cases(
        unsafe=(
            sql("ALTER TABLE members DROP COLUMN age"),
            sql("ALTER TABLE IF EXISTS members DROP IF EXISTS age, ADD COLUMN phone text"),
            'with op.batch_alter_table("members") as batch_op:\n    batch_op.drop_column("age")',
        ),
        safe=(
            sql(NEW, "ALTER TABLE notes DROP COLUMN body"),
            sql("ALTER TABLE members ADD COLUMN phone text", "ALTER TABLE members DROP COLUMN phone"),
        ),
    ),
    "drop-table": Cases(
        unsafe=(sql("DROP TABLE IF EXISTS logs, bookings"), sql("DROP MATERIALIZED VIEW team_sizes")),
        safe=(sql(NEW, "DROP TABLE notes"), sql("DROP VIEW team_names")),
    ),
    "drop-view": Cases(
        unsafe=(sql("DROP VIEW IF EXISTS public.team_names"),),
        safe=(sql("DROP VIEW team_names", "CREATE VIEW team_names AS SELECT id, name FROM teams"),),
    ),
    "drop-schema": Cases(safe=(sql("CREATE SCHEMA attic"),)),
    "drop-type": Cases(
        unsafe=(sql("DROP DOMAIN IF EXISTS email"), 'sa.Enum(name="color").drop(op.get_bind())'),
        safe=(sql("CREATE TYPE size AS ENUM ('s')", "DROP TYPE size"),),
    ),
    "not-null-without-default": Cases(
        unsafe=(
            sql("ALTER TABLE members ADD COLUMN height integer NOT NULL"),
            sql("ALTER TABLE members ADD COLUMN place inet NOT NULL"),
            """\
with op.batch_alter_table("members") as batch_op:
    batch_op.add_column(sa.Column("tags", sa.ARRAY(sa.Text()), nullable=False))""",
        ),
        safe=(
            sql("ALTER TABLE members ADD COLUMN phone text"),
            'op.add_column("members", sa.Column("phone", sa.Text(), server_default="", nullable=False))',
        ),
    ),
    "drop-not-null": Cases(
        unsafe=(sql("ALTER TABLE members ALTER email DROP NOT NULL"), sql("ALTER TABLE unknown ALTER a DROP NOT NULL")),
        safe=(
            sql("ALTER TABLE members ALTER name DROP NOT NULL"),
            sql(
                "ALTER TABLE members ADD COLUMN n text DEFAULT '' NOT NULL", "ALTER TABLE members ALTER n DROP NOT NULL"
            ),
        ),
    ),
    "drop-constraint": Cases(
        unsafe=(
            sql("ALTER TABLE members DROP CONSTRAINT uq_members_email"),
            'with op.batch_alter_table("members") as batch_op:\n    batch_op.drop_constraint("ck_members_age")',
        ),
        safe=(
            sql(
                "ALTER TABLE members DROP CONSTRAINT ck_members_age",
                "ALTER TABLE members ADD CONSTRAINT ck_members_age CHECK (age > -1) NOT VALID",
            ),
            sql(
                "ALTER TABLE members ADD CONSTRAINT ck_now CHECK (name IS NOT NULL AND age > 0) NOT VALID",
                "ALTER TABLE members DROP CONSTRAINT ck_now",
            ),
        ),
    ),
    "truncate": Cases(
        unsafe=(sql("TRUNCATE TABLE logs, bookings"),),
        safe=(sql(NEW, "TRUNCATE notes"), sql("DELETE FROM teams WHERE id = 1")),
    ),
    "cascade": Cases(
        unsafe=(
            sql("DROP TABLE teams CASCADE"),
            sql("TRUNCATE members CASCADE"),
            sql("ALTER TABLE members DROP COLUMN age CASCADE"),
            sql("ALTER TABLE members DROP CONSTRAINT uq_members_email CASCADE"),
        ),
        safe=(
            sql("DROP VIEW team_names RESTRICT"),
            sql("ALTER TABLE members ADD FOREIGN KEY (team_id) REFERENCES teams ON DELETE CASCADE NOT VALID"),
        ),
    ),
    "default-changed": Cases(
        unsafe=(
            sql("ALTER TABLE members ALTER mood DROP DEFAULT"),
            sql("ALTER TABLE members ALTER balance SET DEFAULT 10"),
            'op.alter_column("members", "mood", server_default=None)',
            # The release before leaves the new column out, and then its INSERT fails.
            """\
op.add_column("members", sa.Column("phone", sa.Text(), server_default="", nullable=False))
op.alter_column("members", "phone", server_default=None)""",
        ),
        safe=(
            """\
op.add_column("members", sa.Column("phone", sa.Text(), server_default="none"))
op.alter_column("members", "phone", server_default=None)""",
            sql("ALTER TABLE members ALTER name SET DEFAULT ''"),
            sql("ALTER TABLE members ALTER balance SET DEFAULT 0"),
        ),
    ),
    "rename-column": Cases(
        unsafe=(
            sql("ALTER TABLE members RENAME name TO full_name"),
            sql("ALTER TABLE logs RENAME COLUMN message TO words"),
            """\
with op.batch_alter_table("members") as batch_op:
    batch_op.alter_column("name", new_column_name="full_name")""",
        ),
        safe=(
            sql(NEW, "ALTER TABLE notes RENAME body TO words"),
            # No release that runs knows a column that the same revision added.
            """\
op.add_column("members", sa.Column("new_id", sa.BigInteger()))
op.drop_column("members", "id")
op.alter_column("members", "new_id", new_column_name="id")""",
        ),
    ),
    "rename-table": Cases(
        unsafe=(sql("ALTER TABLE logs RENAME TO messages"), sql("ALTER TABLE logs SET SCHEMA archive")),
        safe=(
            sql("ALTER TABLE logs RENAME TO messages", "CREATE OR REPLACE VIEW logs AS SELECT * FROM messages"),
            sql(NEW, "ALTER TABLE notes RENAME TO jottings"),
        ),
    ),
    "rename-enum-value": Cases(safe=(sql("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'blue'"),)),
    "rename-schema": Cases(safe=(sql("ALTER SCHEMA archive OWNER TO CURRENT_USER"),)),
    "unbatched-update": Cases(
        unsafe=(
            sql("UPDATE members SET name = 'x' WHERE age > 3"),
            sql("DELETE FROM logs"),
            sql("DELETE FROM logs WHERE message LIKE 'start%'"),
            sql("UPDATE members SET name = teams.name FROM teams WHERE teams.id = members.team_id"),
            'members = sa.table("members", sa.column("name"))\nop.execute(members.update().values(name="a"))',
            sql("WITH gone AS (DELETE FROM logs RETURNING *) SELECT count(*) FROM gone"),
            sql("DO $$ BEGIN DELETE FROM logs; END $$"),
        ),
        safe=(
            sql("UPDATE members SET name = 'x' WHERE id = 3"),
            sql("UPDATE members SET name = 'x' WHERE email IN ('a@example.com', 'b@example.com') AND age > 3"),
            sql("DELETE FROM logs WHERE number BETWEEN 1 AND 1000"),
            sql("DELETE FROM logs WHERE ctid IN (SELECT ctid FROM logs WHERE number > 3 LIMIT 100)"),
            sql(NEW, "UPDATE notes SET body = ''"),
        ),
    ),
    "catalog-edit": Cases(
        unsafe=(sql("UPDATE pg_catalog.pg_attribute SET attnotnull = true WHERE attname = 'name'"),),
        safe=(sql("SELECT count(*) FROM pg_enum"),),
    ),
    "upgrade-raises": Cases(
        unsafe=(
            "1 / 0",
            "op.no_such_thing()",
            'raise SystemExit("this is run by hand")',
            "from alembic import context\ncontext.get_x_argument(as_dictionary=True)['tenant']",
        ),
        safe=(
            'from alembic import context\nif context.get_context().dialect.name == "sqlite":\n    raise ValueError',
            "from alembic import context\nif context.is_offline_mode():\n    raise ValueError",
            'from alembic import context\ncontext.get_bind().execute(sa.text("SELECT 1"))',
            'try:\n    raise ValueError\nexcept ValueError:\n    op.execute("SELECT 1")',
        ),
    ),
    "dynamic-sql": Cases(
        unsafe=(
            'for row in op.get_bind().execute(sa.text("SELECT id FROM members")):\n    op.execute(f"SELECT {row[0]}")',
            'op.get_bind().execute(sa.text("UPDATE members SET name = :name WHERE id = 1"), {"name": "x"})',
            'if "members" in sa.inspect(op.get_bind()).get_table_names():\n    op.execute("SELECT 1")',
            'op.get_bind().exec_driver_sql("SELECT count(*) FROM members").scalar()',
            "sa.orm.Session(op.get_bind()).execute(sa.text('SELECT 1'))",
            sql("DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'logs'); END $$"),
            'op.execute(sa.table("members", sa.column("name")).update().values(name=object()))',
        ),
        safe=(
            'op.get_bind().execute(sa.text("SELECT 1"))',
            "op.get_bind().exec_driver_sql(\"SELECT ':x', 100 % 7\")",
            'if op.get_bind().dialect.name == "sqlite":\n    op.execute("PRAGMA no_such_thing")',
            'if op.get_context().dialect.name == "sqlite":\n    op.execute("PRAGMA no_such_thing")',
            'sa.Enum("a", "b", name="letters").create(op.get_bind(), checkfirst=True)',
        ),
    ),
    "unparsable-sql": Cases(
        unsafe=(sql("DO $$ BEGIN SELECT; oops $$"),),
        safe=(
            sql("SELECT 1; SELECT '100 %', 'a\\:b'; "),
            sql("DO $$ DECLARE one members%ROWTYPE; two mood; BEGIN SELECT * INTO one FROM members LIMIT 1; END $$"),
        ),
    ),
    "transaction-control": Cases(
        unsafe=(
            sql("BEGIN; ALTER TABLE members ADD COLUMN phone text; COMMIT"),
            sql("SAVEPOINT here"),
            sql("ROLLBACK"),
        ),
        safe=(sql("DO $$ BEGIN COMMIT; END $$"),),
    ),
}
