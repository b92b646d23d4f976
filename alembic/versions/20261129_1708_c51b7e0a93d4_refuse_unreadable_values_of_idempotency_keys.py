"""refuse unreadable values of idempotency keys.

Revision ID: c51b7e0a93d4
Revises: 728f92418c38
Create Date: 2026-11-29 17:08:00+00:00
"""

from alembic import op

revision: str = "c51b7e0a93d4"
down_revision: str | tuple[str, ...] | None = "728f92418c38"

IDEMPOTENCY_KEYS_CHECK_VALUES_ON_INSERT_ON_SQLITE = """\
CREATE TRIGGER idempotency_keys_check_values_on_insert BEFORE INSERT ON idempotency_keys FOR EACH ROW
WHEN typeof(NEW.principal) = 'blob'
OR typeof(NEW.operation) = 'blob'
OR typeof(NEW.key) = 'blob'
OR typeof(NEW.fingerprint) = 'blob'
OR typeof(NEW.answer) = 'blob'
OR NEW.created_at IS NOT NULL AND (
  typeof(NEW.created_at) <> 'text' OR NEW.created_at < '0001'
  OR substr(NEW.created_at, 1, 19) IS NOT datetime(substr(NEW.created_at, 1, 19), '+0 days')
  OR substr(NEW.created_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.expires_at IS NOT NULL AND (
  typeof(NEW.expires_at) <> 'text' OR NEW.expires_at < '0001'
  OR substr(NEW.expires_at, 1, 19) IS NOT datetime(substr(NEW.expires_at, 1, 19), '+0 days')
  OR substr(NEW.expires_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
BEGIN
  SELECT RAISE(ABORT, 'idempotency_keys has no BLOBs, and times in UTC such as 2025-12-16 10:00:00.000000');
END"""

IDEMPOTENCY_KEYS_CHECK_VALUES_ON_UPDATE_ON_SQLITE = """\
CREATE TRIGGER idempotency_keys_check_values_on_update BEFORE UPDATE ON idempotency_keys FOR EACH ROW
WHEN typeof(NEW.principal) = 'blob'
OR typeof(NEW.operation) = 'blob'
OR typeof(NEW.key) = 'blob'
OR typeof(NEW.fingerprint) = 'blob'
OR typeof(NEW.answer) = 'blob'
OR NEW.created_at IS NOT NULL AND (
  typeof(NEW.created_at) <> 'text' OR NEW.created_at < '0001'
  OR substr(NEW.created_at, 1, 19) IS NOT datetime(substr(NEW.created_at, 1, 19), '+0 days')
  OR substr(NEW.created_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.expires_at IS NOT NULL AND (
  typeof(NEW.expires_at) <> 'text' OR NEW.expires_at < '0001'
  OR substr(NEW.expires_at, 1, 19) IS NOT datetime(substr(NEW.expires_at, 1, 19), '+0 days')
  OR substr(NEW.expires_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
BEGIN
  SELECT RAISE(ABORT, 'idempotency_keys has no BLOBs, and times in UTC such as 2025-12-16 10:00:00.000000');
END"""


def upgrade() -> None:
    """Bring the schema to this revision."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE idempotency_keys ADD CONSTRAINT ck_idempotency_keys_timestamps CHECK ("
            "created_at >= '0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00') NOT VALID, "
            "ADD CONSTRAINT ck_idempotency_keys_expires_at CHECK ("
            "expires_at >= '0001-01-01 00:00:00+00' AND expires_at < '10000-01-01 00:00:00+00') NOT VALID"
        )
    if op.get_context().dialect.name == "sqlite":
        op.execute(IDEMPOTENCY_KEYS_CHECK_VALUES_ON_INSERT_ON_SQLITE)
        op.execute(IDEMPOTENCY_KEYS_CHECK_VALUES_ON_UPDATE_ON_SQLITE)


def downgrade() -> None:
    """Take the schema back to the revision before."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE idempotency_keys "
            "DROP CONSTRAINT ck_idempotency_keys_timestamps, DROP CONSTRAINT ck_idempotency_keys_expires_at"
        )
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TRIGGER idempotency_keys_check_values_on_insert")
        op.execute("DROP TRIGGER idempotency_keys_check_values_on_update")
