"""check the times that are stored.

Revision ID: 139167750d2f
Revises: c51b7e0a93d4
Create Date: 2026-11-29 17:09:00+00:00
"""

from alembic import op

revision: str = "139167750d2f"
down_revision: str | tuple[str, ...] | None = "c51b7e0a93d4"


def upgrade() -> None:
    """Bring the schema to this revision."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_users_timestamps")
        op.execute("ALTER TABLE idempotency_keys VALIDATE CONSTRAINT ck_idempotency_keys_timestamps")
        op.execute("ALTER TABLE idempotency_keys VALIDATE CONSTRAINT ck_idempotency_keys_expires_at")
    if op.get_context().dialect.name == "sqlite":
        # The trigger looks at each row, and refuses one that could not be read.
        op.execute("UPDATE users SET id = id")


def downgrade() -> None:
    """Take the schema back to the revision before."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE users DROP CONSTRAINT ck_users_timestamps, "
            "ADD CONSTRAINT ck_users_timestamps CHECK ("
            "created_at >= '0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00' AND "
            "updated_at >= '0001-01-01 00:00:00+00' AND updated_at < '10000-01-01 00:00:00+00') NOT VALID"
        )
        op.execute(
            "ALTER TABLE idempotency_keys DROP CONSTRAINT ck_idempotency_keys_timestamps, "
            "DROP CONSTRAINT ck_idempotency_keys_expires_at, "
            "ADD CONSTRAINT ck_idempotency_keys_timestamps CHECK ("
            "created_at >= '0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00') NOT VALID, "
            "ADD CONSTRAINT ck_idempotency_keys_expires_at CHECK ("
            "expires_at >= '0001-01-01 00:00:00+00' AND expires_at < '10000-01-01 00:00:00+00') NOT VALID"
        )
