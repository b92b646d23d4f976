"""create users.

Revision ID: 3b1f14954242
Revises:
Create Date: 2026-11-23 04:32:29+00:00
"""

import sqlalchemy as sa
from alembic import op

revision: str = "3b1f14954242"
down_revision: str | tuple[str, ...] | None = None

TOUCH_UPDATED_AT_ON_POSTGRESQL = """\
CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := greatest(now(), OLD.updated_at + interval '1 microsecond');
  RETURN NEW;
END
$$"""

USERS_TOUCH_UPDATED_AT_ON_POSTGRESQL = """\
CREATE TRIGGER users_touch_updated_at BEFORE UPDATE ON users FOR EACH ROW
WHEN (OLD.* IS DISTINCT FROM NEW.* AND OLD.updated_at IS NOT DISTINCT FROM NEW.updated_at)
EXECUTE FUNCTION touch_updated_at()"""

USERS_CHECK_TIMES_ON_INSERT_ON_SQLITE = """\
CREATE TRIGGER users_check_times_on_insert BEFORE INSERT ON users FOR EACH ROW
WHEN NEW.created_at NOT GLOB '????-??-?? ??:??:??.??????' OR NEW.updated_at NOT GLOB '????-??-?? ??:??:??.??????'
BEGIN
  SELECT RAISE(ABORT, 'times in users are texts in UTC such as 2025-12-16 10:00:00.000000');
END"""

USERS_CHECK_TIMES_ON_UPDATE_ON_SQLITE = """\
CREATE TRIGGER users_check_times_on_update BEFORE UPDATE ON users FOR EACH ROW
WHEN NEW.created_at NOT GLOB '????-??-?? ??:??:??.??????' OR NEW.updated_at NOT GLOB '????-??-?? ??:??:??.??????'
BEGIN
  SELECT RAISE(ABORT, 'times in users are texts in UTC such as 2025-12-16 10:00:00.000000');
END"""

USERS_TOUCH_UPDATED_AT_ON_SQLITE = """\
CREATE TRIGGER users_touch_updated_at AFTER UPDATE ON users FOR EACH ROW
WHEN NEW.updated_at IS OLD.updated_at AND (
  NEW.id IS NOT OLD.id
  OR NEW.email IS NOT OLD.email
  OR NEW.name IS NOT OLD.name
  OR NEW.created_at IS NOT OLD.created_at
)
BEGIN
  UPDATE users SET updated_at = max(
    strftime('%Y-%m-%d %H:%M:%f', 'now') || '000',
    CASE WHEN substr(OLD.updated_at, 21) = '999999'
      THEN strftime('%Y-%m-%d %H:%M:%S', substr(OLD.updated_at, 1, 19), '+1 second') || '.000000'
      ELSE substr(OLD.updated_at, 1, 20) || printf('%06d', substr(OLD.updated_at, 21) + 1)
    END
  ) WHERE rowid = NEW.rowid;
END"""


def per_dialect(**sql: str) -> sa.TextClause:
    """The SQL for the database that the migration runs on."""
    return sa.text(sql[op.get_context().dialect.name])


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False, comment="User ID (auto-increment)"),
        sa.Column("email", sa.String(length=255), nullable=False, comment="User email address"),
        sa.Column("name", sa.String(length=200), nullable=False, comment="User full name"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=per_dialect(postgresql="now()", sqlite="(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"),
            nullable=False,
            comment="Creation timestamp",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=per_dialect(postgresql="now()", sqlite="(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"),
            nullable=False,
            comment="Last update timestamp",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        comment="Stores user information.",
        sqlite_autoincrement=True,
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute(TOUCH_UPDATED_AT_ON_POSTGRESQL)
        op.execute(USERS_TOUCH_UPDATED_AT_ON_POSTGRESQL)
    if op.get_context().dialect.name == "sqlite":
        op.execute(USERS_CHECK_TIMES_ON_INSERT_ON_SQLITE)
        op.execute(USERS_CHECK_TIMES_ON_UPDATE_ON_SQLITE)
        op.execute(USERS_TOUCH_UPDATED_AT_ON_SQLITE)


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_table("users")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION touch_updated_at()")
