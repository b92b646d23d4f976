"""refuse unreadable values of users.

Revision ID: 728f92418c38
Revises: 560d0ec2e30a
Create Date: 2026-11-29 17:07:00+00:00
"""

from alembic import op

revision: str = "728f92418c38"
down_revision: str | tuple[str, ...] | None = "560d0ec2e30a"

USERS_CHECK_VALUES_ON_INSERT_ON_SQLITE = """\
CREATE TRIGGER users_check_values_on_insert BEFORE INSERT ON users FOR EACH ROW
WHEN typeof(NEW.id) = 'blob'
OR typeof(NEW.email) = 'blob'
OR typeof(NEW.name) = 'blob'
OR NEW.created_at IS NOT NULL AND (
  typeof(NEW.created_at) <> 'text' OR NEW.created_at < '0001'
  OR substr(NEW.created_at, 1, 19) IS NOT datetime(substr(NEW.created_at, 1, 19), '+0 days')
  OR substr(NEW.created_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.updated_at IS NOT NULL AND (
  typeof(NEW.updated_at) <> 'text' OR NEW.updated_at < '0001'
  OR substr(NEW.updated_at, 1, 19) IS NOT datetime(substr(NEW.updated_at, 1, 19), '+0 days')
  OR substr(NEW.updated_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
BEGIN
  SELECT RAISE(ABORT, 'users has no BLOBs, and times in UTC such as 2025-12-16 10:00:00.000000');
END"""

USERS_CHECK_VALUES_ON_UPDATE_ON_SQLITE = """\
CREATE TRIGGER users_check_values_on_update BEFORE UPDATE ON users FOR EACH ROW
WHEN typeof(NEW.id) = 'blob'
OR typeof(NEW.email) = 'blob'
OR typeof(NEW.name) = 'blob'
OR NEW.created_at IS NOT NULL AND (
  typeof(NEW.created_at) <> 'text' OR NEW.created_at < '0001'
  OR substr(NEW.created_at, 1, 19) IS NOT datetime(substr(NEW.created_at, 1, 19), '+0 days')
  OR substr(NEW.created_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.updated_at IS NOT NULL AND (
  typeof(NEW.updated_at) <> 'text' OR NEW.updated_at < '0001'
  OR substr(NEW.updated_at, 1, 19) IS NOT datetime(substr(NEW.updated_at, 1, 19), '+0 days')
  OR substr(NEW.updated_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
BEGIN
  SELECT RAISE(ABORT, 'users has no BLOBs, and times in UTC such as 2025-12-16 10:00:00.000000');
END"""

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


def upgrade() -> None:
    """Bring the schema to this revision."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE users ADD CONSTRAINT ck_users_timestamps CHECK ("
            "created_at >= '0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00' AND "
            "updated_at >= '0001-01-01 00:00:00+00' AND updated_at < '10000-01-01 00:00:00+00') NOT VALID"
        )
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TRIGGER users_check_times_on_insert")
        op.execute("DROP TRIGGER users_check_times_on_update")
        op.execute(USERS_CHECK_VALUES_ON_INSERT_ON_SQLITE)
        op.execute(USERS_CHECK_VALUES_ON_UPDATE_ON_SQLITE)


def downgrade() -> None:
    """Take the schema back to the revision before."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE users DROP CONSTRAINT ck_users_timestamps")
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TRIGGER users_check_values_on_insert")
        op.execute("DROP TRIGGER users_check_values_on_update")
        op.execute(USERS_CHECK_TIMES_ON_INSERT_ON_SQLITE)
        op.execute(USERS_CHECK_TIMES_ON_UPDATE_ON_SQLITE)
